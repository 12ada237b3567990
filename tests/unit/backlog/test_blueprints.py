"""A template that cannot work is refused with every fault named."""

from typing import Any

import pytest

from backlog.blueprints import checked_definition, shipped_definitions
from backlog.blueprints.definition import parse_definition
from backlog.errors import InvalidTemplate


def item(key: str = "only", **changes: Any) -> dict[str, Any]:
    """An item that can be used."""
    return {"key": key, "title": "One", "agent_target": "generic_worker"} | changes


def definition(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A template that can be used."""
    return {"name": "one", "title": "One", "items": list(items) or [item()]} | changes


@pytest.mark.parametrize("shipped_one", shipped_definitions(), ids=lambda d: str(d["name"]))
def test_every_shipped_template_can_be_used(shipped_one: dict[str, Any]) -> None:
    parsed = parse_definition(shipped_one)
    assert [i.key for i in parsed.items] == [i["key"] for i in shipped_one["items"]]


def test_the_templates_of_the_design_are_shipped() -> None:
    assert sorted(d["name"] for d in shipped_definitions()) == ["ask", "audit", "minimal", "software"]


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a key used twice": (definition(item("a"), item("a")), "used twice"),
    "an unknown dependency": (definition(item("a", depends_on=["b"])), "no item above it"),
    "a dependency on itself": (definition(item("a", depends_on=["a"])), "no item above it"),
    "a cycle": (definition(item("a", depends_on=["b"]), item("b", depends_on=["a"])), "no item above it"),
    "no item": (definition(items=[]), "items"),
    "an unknown key": (definition(item(colour="red")), "colour"),
    "a key with a blank": (definition(item("a b")), "key"),
    "a schema that could stop the system": (definition(item(needs={"type": "string", "pattern": "(a+)+"})), "pattern"),
    "no attempt": (definition(item(max_attempts=0)), "max_attempts"),
    "no time": (definition(item(timeout_seconds=0)), "timeout_seconds"),
    "an unknown approval": (definition(item(approval="maybe")), "approval"),
    "an unknown policy": (definition(silence={"then": "shout"}), "then"),
    "evidence without bounds": (definition(item(done_when={"evidence": {"type": "array"}})), "maxItems"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_template_that_cannot_work_is_refused(fault: str) -> None:
    template, named = FAULTS[fault]
    with pytest.raises(InvalidTemplate, match=named):
        parse_definition(template)


def test_a_refusal_names_every_fault() -> None:
    with pytest.raises(InvalidTemplate) as refusal:
        parse_definition(definition(item(max_attempts=0, timeout_seconds=0)))
    assert "max_attempts" in refusal.value.message
    assert "timeout_seconds" in refusal.value.message


def needing(name: str, **keywords: Any) -> dict[str, Any]:
    """A template whose item needs this field."""
    return definition(item(needs={"type": "object", "properties": {name: {"type": "string", **keywords}}}))


def asking(field: str, **keywords: Any) -> dict[str, Any]:
    """A template that asks for this figure where a request mentions it."""
    figure = {"field": field, "mentioned_as": ["KPI"], "blocks": "only", "ask": {"type": "string", **keywords}}
    return definition(figures=[figure])


ASKED_FOR = {
    "what interlock adds": (needing("deliverables"), "items/only/needs/deliverables: deliverables is set by Interlock"),
    "a required key": (definition(item(needs={"type": "object", "required": ["approved"]})), "approved is set by"),
    "a place within it": (needing("rate", x_pointer="/deliverables/cost_analysis/total"), "deliverables is set by"),
    "a place too deep": (needing("rate", x_pointer="/a" * 6), "at most 5 levels deep"),
    "a figure": (asking("rows_ref"), "figures/rows_ref: rows_ref is set by Interlock"),
    "a figure's place": (asking("kpi", x_pointer="/notes/0"), "figures/kpi: notes is set by Interlock"),
}


@pytest.mark.parametrize("case", ASKED_FOR)
def test_no_template_has_a_person_asked_for_what_interlock_adds(case: str) -> None:
    template, named = ASKED_FOR[case]
    with pytest.raises(InvalidTemplate, match=named):
        checked_definition(template)
