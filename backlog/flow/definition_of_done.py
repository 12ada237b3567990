"""Whether an item is really done: its evidence, its deliverable, and the named checks."""

from typing import Any

from backlog.blueprints import DoneWhen, ItemDefinition, definition_of
from backlog.flow.named_checks import CHECKS, unknown_in_words
from backlog.models import Item
from schemas.compiled import compile_schema


def definition(item: Item) -> ItemDefinition:
    """What the item's template says of it."""
    return definition_of(item.project.template_id).item(item.key)


def unmet_criteria(item: Item, evidence: dict[str, Any]) -> list[str]:
    """What is still missing before the item is done, in words; empty when nothing is."""
    done_when = definition(item).done_when
    return [*evidence_faults(done_when, evidence), *missing_deliverable(item), *failed_checks(done_when, evidence)]


def only_checks_failed(item: Item, evidence: dict[str, Any]) -> bool:
    """Return True if the work is finished but its checks of other figures failed: trying again gives the same."""
    done_when = definition(item).done_when
    if evidence_faults(done_when, evidence) or missing_deliverable(item):
        return False
    return isinstance(evidence.get("failed"), int) and bool(failed_checks(done_when, evidence))


def evidence_faults(done_when: DoneWhen, evidence: dict[str, Any]) -> list[str]:
    """How the evidence breaks its schema."""
    if not done_when.evidence:
        return []
    return [f"evidence {p.pointer or '/'}: {p.message}" for p in compile_schema(done_when.evidence).problems(evidence)]


def missing_deliverable(item: Item) -> list[str]:
    """The deliverable that the current dispatch has not brought."""
    wanted = definition(item).done_when.deliverable
    return [f"no deliverable of type {wanted} was published"] if wanted and wanted not in item.delivered else []


def failed_checks(done_when: DoneWhen, evidence: dict[str, Any]) -> list[str]:
    """What the named checks object to; a check that no release knows any more is an objection of its own."""
    return [fault for name in done_when.checks for fault in objections(name, evidence)]


def objections(name: str, evidence: dict[str, Any]) -> list[str]:
    """What the check of this name objects to."""
    check = CHECKS.get(name)
    return check(evidence) if check else [unknown_in_words(name)]
