"""An item is done when its definition of done says so, or when staff waive it with a reason."""

from typing import Any

import pytest
from pytest_django import Settings

from backlog.errors import BacklogError, ReasonMissing
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import item_in
from backlog.services import waive_criteria
from backlog.states import ItemState, ProjectStatus
from events.lifecycle import IllegalTransition
from events.models import Event
from tests.flows import completed, deliverable, dispatch_of, item_of, on_the_log, opened, reply, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

COUNTED = {"type": "object", "required": ["rows"], "properties": {"rows": {"type": "integer", "minimum": 1}}}
STRICT = {"evidence": COUNTED, "checks": ["no_failed_checks"]}


@pytest.fixture(autouse=True)
def retried_at_once(settings: Settings) -> None:
    """A failed item is dispatched again in the same transaction."""
    settings.ITEM_RETRY_SECONDS = 0


def waive(item: Item, reason: str = "Checked by hand.") -> None:
    """What staff do."""
    with project_work() as work:
        waive_criteria(work, item_in(work, item.pk), reason=reason, by="ann")
    run_to_rest()


def unmet(max_attempts: int = 1, **evidence: Any) -> Project:
    """A project whose only item was finished with evidence that does not do."""
    project = opened(step("only", done_when=STRICT, max_attempts=max_attempts))
    tell(completed(dispatch_of(project), **evidence))
    return project


def test_evidence_that_meets_every_criterion_finishes_the_item(broker: None) -> None:
    project = opened(step("only", done_when=STRICT))
    tell(completed(dispatch_of(project), rows=3, failed=0))
    assert item_of(project).state == ItemState.DONE
    assert Event.objects.get(type="WORK.ITEM_REVIEWED").payload["unmet_criteria"] == []
    assert violations() == []


@pytest.mark.parametrize(
    ("evidence", "named"),
    [
        ({"failed": 0}, ["'rows' is a required property"]),
        ({"rows": 0, "failed": 0}, ["/rows"]),
        ({"rows": 3}, ["the evidence does not say"]),
        ({}, ["'rows' is a required property", "the evidence does not say"]),
    ],
    ids=["missing", "invalid", "checks not counted", "all at once"],
)
def test_unmet_criteria_fail_the_item_and_are_named(broker: None, evidence: dict[str, Any], named: list[str]) -> None:
    project = unmet(**evidence)
    (said,) = on_the_log("WORK.ITEM_FAILED")
    assert said["payload"]["category"] == "DATA_INSUFFICIENCY"
    assert len(said["payload"]["unmet_criteria"]) == len(named)
    assert all(part in whole for part, whole in zip(named, said["payload"]["unmet_criteria"], strict=True))
    assert item_of(project).state == ItemState.FAILED
    assert violations() == []


def test_unmet_criteria_are_tried_again_within_the_budget(broker: None) -> None:
    project = unmet(max_attempts=2, rows=0)
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.IN_PROGRESS, 2)
    tell(completed(dispatch_of(project), rows=3, failed=0))
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_a_deliverable_of_another_type_does_not_count(broker: None) -> None:
    project = opened(step("only", done_when={"deliverable": "result"}))
    dispatch = dispatch_of(project)
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable("sketch")), completed(dispatch))
    assert item_of(project).held_for == "deliverable"
    assert violations() == []


def test_what_was_delivered_in_an_earlier_round_does_not_count(broker: None) -> None:
    project = opened(step("only", done_when={**STRICT, "deliverable": "result"}))
    first = dispatch_of(project)
    tell(reply(first, "DELIVERABLE.PUBLISHED", deliverable()), completed(first, rows=0))
    tell(completed(dispatch_of(project), rows=3, failed=0))
    assert (item_of(project).state, item_of(project).held_for) == (ItemState.IN_PROGRESS, "deliverable")
    assert violations() == []


def test_a_waiver_finishes_the_item_and_keeps_the_reason_and_the_criteria(broker: None) -> None:
    project = unmet(rows=0, failed=0)
    assert Project.objects.get().status == ProjectStatus.FAILED
    waive(item_of(project))
    reviewed = Event.objects.get(type="WORK.ITEM_REVIEWED").payload
    assert (reviewed["outcome"], reviewed["reviewed_by"], reviewed["reason"]) == ("waived", "ann", "Checked by hand.")
    assert len(reviewed["unmet_criteria"]) == 1
    assert item_of(project).state == ItemState.DONE
    assert Project.objects.get().status == ProjectStatus.DONE
    assert violations() == []


def test_a_waiver_ends_the_wait_for_a_deliverable(broker: None) -> None:
    project = opened(step("only", done_when={"deliverable": "result"}))
    tell(completed(dispatch_of(project)))
    waive(item_of(project))
    assert (item_of(project).state, item_of(project).held_for) == (ItemState.DONE, "")
    assert violations() == []


def test_a_waiver_of_an_item_that_waits_for_its_retry_counts_the_work_at_hand(broker: None, settings: Settings) -> None:
    settings.ITEM_RETRY_SECONDS = 100
    project = unmet(max_attempts=3, rows=0, failed=0)
    assert item_of(project).state == ItemState.READY
    waive(item_of(project))
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.DONE, 1)
    assert violations() == []


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_waiver_without_a_reason_is_refused(broker: None, reason: str) -> None:
    project = unmet(rows=0)
    with pytest.raises(ReasonMissing):
        waive(item_of(project), reason)
    assert item_of(project).state == ItemState.FAILED
    assert violations() == []


def test_unfinished_work_cannot_be_waived(broker: None) -> None:
    project = opened(step("only", done_when=STRICT))
    with pytest.raises(BacklogError, match="nothing to waive"):
        waive(item_of(project))
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert violations() == []


def test_done_work_cannot_be_waived(broker: None) -> None:
    project = opened(step("only", done_when=STRICT))
    tell(completed(dispatch_of(project), rows=3, failed=0))
    with pytest.raises(IllegalTransition):
        waive(item_of(project))
    assert Event.objects.filter(type="WORK.ITEM_REVIEWED").count() == 1
    assert violations() == []
