"""Two versions of a template, compared."""

from typing import Any

import pytest

from backlog.admin.comparison import Change, DiffLine, compare, line_diff
from backlog.blueprints import shipped_definitions
from backlog.blueprints.definition import Definition, parse_definition


def item(key: str, **changes: Any) -> dict[str, Any]:
    """An item of a template."""
    return {"key": key, "title": key.capitalize(), "agent_target": "worker"} | changes


def definition(*items: dict[str, Any], **changes: Any) -> Definition:
    """A template with these items."""
    return parse_definition({"name": "one", "title": "One", "items": list(items)} | changes)


def standings(old: Definition, new: Definition) -> dict[str, str]:
    """Key → how the item stands in the graph of both."""
    return {found.item.key: found.standing for found in compare(old, new).items}


@pytest.mark.parametrize("shipped_one", shipped_definitions(), ids=lambda d: str(d["name"]))
def test_a_definition_does_not_differ_from_itself(shipped_one: dict[str, Any]) -> None:
    comparison = compare(parse_definition(shipped_one), parse_definition(shipped_one))
    assert not comparison.differs
    assert {found.standing for found in comparison.items} == {"unchanged"}


def test_items_are_added_removed_and_changed_by_their_keys() -> None:
    old = definition(item("a"), item("b"), item("c", depends_on=["b"]))
    new = definition(item("a"), item("c", priority=3), item("d", depends_on=["c"]))
    comparison = compare(old, new)
    assert [i.key for i in comparison.added] == ["d"]
    assert [i.key for i in comparison.removed] == ["b"]
    assert [i.item.key for i in comparison.changed] == ["c"]
    assert standings(old, new) == {"a": "unchanged", "c": "changed", "d": "added", "b": "removed"}


def test_a_changed_item_tells_each_attribute_as_it_was_and_is() -> None:
    old = definition(item("a", timeout_seconds=60, approval="before"))
    new = definition(item("a", timeout_seconds=90, title="Renamed", approval="before"))
    [changed] = compare(old, new).changed
    assert changed.item.title == "Renamed"
    assert set(changed.changes) == {Change("timeout_seconds", "60", "90"), Change("title", '"A"', '"Renamed"')}


def test_a_change_deep_in_what_an_item_needs_is_told_with_its_place() -> None:
    def needing(**rate: Any) -> Definition:
        return definition(item("a", needs={"type": "object", "properties": {"rate": {"type": "number", **rate}}}))

    [changed] = compare(needing(minimum=1), needing(minimum=2, title="Rate")).changed
    assert changed.changes == (
        Change("needs.properties.rate.minimum", "1", "2"),
        Change("needs.properties.rate.title", None, '"Rate"'),
    )


def test_other_settings_of_the_template_are_compared() -> None:
    old = definition(item("a"), silence={"then": "wait"})
    new = definition(item("a"), silence={"then": "fail"}, title="Two")
    assert set(compare(old, new).settings) == {
        Change("title", '"One"', '"Two"'),
        Change("silence.then", '"wait"', '"fail"'),
    }
    assert compare(old, new).changed == ()


def test_another_order_of_the_same_items_is_a_difference() -> None:
    comparison = compare(definition(item("a"), item("b")), definition(item("b"), item("a")))
    assert comparison.settings == (Change("order of the items", "a, b", "b, a"),)
    assert comparison.differs


def test_the_graph_of_both_has_no_cycle_even_when_the_order_was_turned_round() -> None:
    old = definition(item("a"), item("gone", depends_on=["a"]), item("b", depends_on=["gone"]))
    new = definition(item("b"), item("a", depends_on=["b"]))
    assert set(compare(old, new).edges) == {("b", "a"), ("a", "gone")}


def test_the_lines_of_two_texts_are_marked_as_added_or_removed() -> None:
    old, new = "a\nb\nc\n", "a\nB\nc\n"
    assert line_diff(old, new) == [
        DiffLine(" ", "a"),
        DiffLine("-", "b"),
        DiffLine("+", "B"),
        DiffLine(" ", "c"),
    ]
    assert line_diff(old, old) == []
    assert [line.text for line in line_diff("-- x", "++ y") if line.mark in "+-"] == ["-- x", "++ y"]


def test_lines_that_nothing_changed_in_are_left_out_and_said_to_be() -> None:
    old = [f"line {n}" for n in range(1, 41)]
    new = [*old[:19], "another", *old[20:]]
    marks = [line.mark for line in line_diff("\n".join(old), "\n".join(new))]
    assert marks == ["@", " ", " ", " ", "-", "+", " ", " ", " "]
