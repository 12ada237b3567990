"""The definition of done: is an item's evidence valid, its deliverable there, and do its named checks pass?"""

from typing import Any

from backlog.blueprints import definition_of
from backlog.blueprints.definition import DoneWhen, ItemDefinition
from backlog.flow.named_checks import CHECKS, unknown_check_in_words
from backlog.models import Item
from schemas.compiled import compile_schema


def item_definition(item: Item) -> ItemDefinition:
    """Return the item's definition in the template version that its project uses."""
    return definition_of(item.project.template_id).item(item.key)


def unmet_criteria(item: Item, evidence: dict[str, Any]) -> list[str]:
    """Return one sentence for each criterion of the definition of done that is not met; empty if all are met."""
    done_when = item_definition(item).done_when
    return [*evidence_faults(done_when, evidence), *missing_deliverable(item), *failed_checks(done_when, evidence)]


def only_checks_failed(item: Item, evidence: dict[str, Any]) -> bool:
    """Return True if evidence and deliverable are complete and only named checks failed.

    Such checks judge the figures of other items, so a retry would give the same result: a person has to decide.
    """
    done_when = item_definition(item).done_when
    if evidence_faults(done_when, evidence) or missing_deliverable(item):
        return False
    return isinstance(evidence.get("failed"), int) and bool(failed_checks(done_when, evidence))


def evidence_faults(done_when: DoneWhen, evidence: dict[str, Any]) -> list[str]:
    """Return how the evidence breaks the schema in the template; empty if there is no schema."""
    if not done_when.evidence:
        return []
    return [f"evidence {p.pointer or '/'}: {p.message}" for p in compile_schema(done_when.evidence).problems(evidence)]


def missing_deliverable(item: Item) -> list[str]:
    """Return a sentence if the current dispatch has not brought the deliverable that the template asks for."""
    wanted = item_definition(item).done_when.deliverable
    return [f"no deliverable of type {wanted} was published"] if wanted and wanted not in item.delivered else []


def failed_checks(done_when: DoneWhen, evidence: dict[str, Any]) -> list[str]:
    """Return the faults that the template's named checks find; a check that no longer exists is a fault too."""
    return [fault for name in done_when.checks for fault in check_faults(name, evidence)]


def check_faults(name: str, evidence: dict[str, Any]) -> list[str]:
    """Return the faults that the check with this name finds in the evidence."""
    check = CHECKS.get(name)
    return check(evidence) if check else [unknown_check_in_words(name)]
