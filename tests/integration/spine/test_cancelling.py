"""Cancelling takes what depends on it along, withdraws its questions, and makes late replies stale."""

import pytest

from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Item, Project
from backlog.selectors import item_in, project_of
from backlog.services import cancel_item, cancel_project
from backlog.states import ItemState, ProjectStatus
from clarifications.errors import AlreadyClosed
from clarifications.models import Question
from events.lifecycle import IllegalTransition
from events.lost_dispatches import open_dispatches
from events.models import Event
from tests.flows import answer, completed, deliverable, dispatch_of, item_of, on_the_log, opened, reply, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

NEEDS_RATE = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number"}}}


def cancel(item: Item) -> None:
    """What staff do with an item."""
    with project_work() as work:
        cancel_item(work, item_in(work, item.pk), reason="No longer wanted.", by="ann")
    run_to_rest()


def cancel_whole(project: Project) -> None:
    """What staff do with a project."""
    with project_work() as work:
        cancel_project(work, project_of(work, project.pk), reason="No longer wanted.", by="ann")
    run_to_rest()


def test_replies_to_an_item_cancelled_while_in_progress_are_stale(broker: None) -> None:
    project = opened(step("only"), step("other"))
    dispatch = dispatch_of(project)
    cancel(item_of(project))
    said = [
        reply(dispatch, "WORK.ITEM_STARTED"),
        reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable()),
        completed(dispatch),
    ]
    tell(*said)
    outcomes = Event.objects.filter(event_id__in=[event["event_id"] for event in said]).values_list(
        "outcome", flat=True
    )
    assert list(outcomes) == ["stale"] * 3
    assert item_of(project).state == ItemState.CANCELLED
    assert not Deliverable.objects.exists()
    assert violations() == []


def test_everything_that_depends_on_a_cancelled_item_is_cancelled(broker: None) -> None:
    project = opened(
        step("root"),
        step("left", depends_on=["root"]),
        step("right", depends_on=["root"]),
        step("joined", depends_on=["left", "right"]),
        step("apart"),
    )
    cancel(item_of(project, "root"))
    states = dict(project.items.values_list("key", "state"))
    assert states == {**dict.fromkeys(("root", "left", "right", "joined"), "CANCELLED"), "apart": "IN_PROGRESS"}
    assert Event.objects.filter(type="BACKLOG.ITEM_CANCELLED").count() == 4
    assert violations() == []


def test_the_rest_of_a_project_with_a_cancelled_item_can_be_done(broker: None) -> None:
    project = opened(step("only"), step("other"))
    cancel(item_of(project))
    tell(completed(dispatch_of(project, "other")))
    assert Project.objects.get().status == ProjectStatus.DONE
    (report,) = on_the_log("REPORT.FINAL_PUBLISHED")
    assert {line["key"]: line["status"] for line in report["payload"]["items"]} == {
        "only": "CANCELLED",
        "other": "DONE",
    }
    assert violations() == []


def test_a_project_whose_every_item_was_cancelled_is_cancelled(broker: None) -> None:
    project = opened(step("only"), step("next", depends_on=["only"]))
    cancel(item_of(project))
    assert Project.objects.get().status == ProjectStatus.CANCELLED
    assert len(on_the_log("PROJECT.CANCELLED")) == 1
    assert violations() == []


def test_a_cancelled_project_takes_what_is_not_done_along(broker: None) -> None:
    project = opened(step("first"), step("second", depends_on=["first"]), step("third", depends_on=["second"]))
    tell(completed(dispatch_of(project, "first")))
    second = dispatch_of(project, "second")
    cancel_whole(project)
    tell(completed(second))
    assert list(project.items.values_list("state", flat=True)) == ["DONE", "CANCELLED", "CANCELLED"]
    ended = Project.objects.get()
    assert (ended.status, ended.reason) == (ProjectStatus.CANCELLED, "No longer wanted.")
    (said,) = on_the_log("PROJECT.CANCELLED")
    assert said["payload"]["cancelled_by"] == "ann"
    assert violations() == []


def test_a_question_that_nothing_waits_for_any_more_is_withdrawn(broker: None) -> None:
    project = opened(step("only", needs=NEEDS_RATE), step("other"))
    cancel(item_of(project))
    question = Question.objects.get()
    assert question.status == "WITHDRAWN"
    assert len(on_the_log("CLARIFICATION.QUESTION_WITHDRAWN")) == 1
    with pytest.raises(AlreadyClosed):
        answer(question, 45)
    assert violations() == []


def test_a_question_that_another_item_waits_for_stays_open(broker: None) -> None:
    project = opened(step("only", needs=NEEDS_RATE), step("other", needs=NEEDS_RATE))
    cancel(item_of(project))
    question = Question.objects.get()
    assert question.status == "OPEN"
    answer(question, 45)
    run_to_rest()
    assert item_of(project, "other").state == ItemState.IN_PROGRESS
    assert item_of(project).state == ItemState.CANCELLED
    assert violations() == []


def test_cancelling_a_project_withdraws_all_its_questions(broker: None) -> None:
    project = opened(step("only", needs=NEEDS_RATE), step("other", approval="before"))
    cancel_whole(project)
    assert set(Question.objects.values_list("status", flat=True)) == {"WITHDRAWN"}
    assert violations() == []


def test_a_cancelled_item_waiting_for_approval_withdraws_the_request(broker: None) -> None:
    project = opened(step("only", approval="after"))
    tell(completed(dispatch_of(project)))
    cancel(item_of(project))
    assert Question.objects.get().status == "WITHDRAWN"
    assert Project.objects.get().status == ProjectStatus.CANCELLED
    assert violations() == []


def test_what_is_done_cannot_be_cancelled(broker: None) -> None:
    project = opened()
    tell(completed(dispatch_of(project)))
    with pytest.raises(IllegalTransition):
        cancel(item_of(project))
    with pytest.raises(IllegalTransition):
        cancel_whole(project)
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_a_cancelled_command_is_not_published_again(broker: None) -> None:
    project = opened()
    assert len(open_dispatches()) == 1
    cancel(item_of(project))
    assert not open_dispatches()
    assert violations() == []
