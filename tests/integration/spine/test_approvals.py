"""Approval is a question: before an item goes, or before its finished work is done."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.roles import ANSWERER
from backlog.models import Deliverable, Project
from backlog.states import ItemState, ProjectStatus
from clarifications.errors import InvalidAnswer, NotesMissing, OwnApproval
from clarifications.models import Question
from events.models import Event
from tests.callers import account
from tests.flows import answer, completed, deliverable, dispatch_of, item_of, on_the_log, opened, reply, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

BEFORE = step("only", approval="before")
AFTER = step("only", approval="after")
YES, NO = {"approved": True}, {"approved": False, "notes": "Split it by month."}


@pytest.fixture(autouse=True)
def people(settings: Settings) -> None:
    """Those who approve by event, through a producer that may say so; among them one who may approve anything."""
    settings.EVENT_APPROVERS = ["elsewhere"]
    for name in ("bob", "dana", "foreign_worker"):
        account(name, ANSWERER)


def open_question() -> Question:
    """The one open question."""
    return Question.objects.get(status="OPEN")


def finished_work(**changes: Any) -> Project:
    """A project whose only item is finished and waits for its approval."""
    project = opened(AFTER, **changes)
    tell(completed(dispatch_of(project)))
    return project


def submitted(project: Project, by: str, **said: Any) -> dict[str, Any]:
    """HUMAN.APPROVAL_SUBMITTED, as a foreign producer writes it."""
    about = {"project_id": str(project.pk), "backlog_item_id": str(item_of(project).pk)}
    return reply(
        {"payload": about, "correlation_id": str(project.correlation_id), "event_id": None},
        "HUMAN.APPROVAL_SUBMITTED",
        {**said, "submitted_by": by},
    )


def test_an_item_that_wants_approval_before_it_starts_waits_for_it(broker: None) -> None:
    project = opened(BEFORE)
    assert item_of(project).state == ItemState.BLOCKED
    assert Project.objects.get().status == ProjectStatus.WAITING
    (asked,) = on_the_log("HUMAN.APPROVAL_REQUESTED")
    assert asked["payload"]["when"] == "before"
    answer(open_question(), YES)
    run_to_rest()
    assert item_of(project).state == ItemState.IN_PROGRESS
    tell(completed(dispatch_of(project)))
    assert Project.objects.get().status == ProjectStatus.DONE
    assert violations() == []


def test_finished_work_that_wants_approval_is_done_only_when_approved(broker: None) -> None:
    project = finished_work()
    assert (item_of(project).state, item_of(project).held_for) == (ItemState.IN_PROGRESS, "approval")
    assert Project.objects.get().status == ProjectStatus.WAITING
    (asked,) = on_the_log("HUMAN.APPROVAL_REQUESTED")
    assert asked["payload"]["when"] == "after"
    answer(open_question(), YES)
    run_to_rest()
    assert item_of(project).state == ItemState.DONE
    assert Event.objects.get(type="WORK.ITEM_REVIEWED").payload["reviewed_by"] == "ann"
    assert Project.objects.get().status == ProjectStatus.DONE
    assert violations() == []


def test_an_approval_that_comes_as_an_event_takes_the_same_way(broker: None) -> None:
    project = finished_work()
    tell(submitted(project, "bob", approved=True))
    assert item_of(project).state == ItemState.DONE
    assert Event.objects.get(type="WORK.ITEM_REVIEWED").payload["reviewed_by"] == "bob"
    assert violations() == []


def test_an_approval_that_nobody_asked_for_is_recorded_and_ignored(broker: None) -> None:
    project = opened(AFTER)
    early = submitted(project, "bob", approved=True)
    tell(early)
    assert Event.objects.get(event_id=early["event_id"]).outcome == "ignored"
    assert (item_of(project).state, item_of(project).approved) == (ItemState.IN_PROGRESS, False)
    assert violations() == []


def test_rejected_work_goes_round_again_with_the_notes_in_its_context(broker: None) -> None:
    project = finished_work()
    first = dispatch_of(project)
    answer(open_question(), NO)
    run_to_rest()
    second = dispatch_of(project)
    assert second["event_id"] != first["event_id"]
    assert second["payload"]["work_context"]["notes"] == ["Split it by month."]
    assert Event.objects.get(type="WORK.ITEM_REVIEWED").payload["outcome"] == "rejected"
    tell(completed(second))
    assert open_question().revision == 2
    answer(open_question(), YES)
    run_to_rest()
    item = item_of(project)
    assert (item.state, item.attempts, item.failures) == (ItemState.DONE, 2, 0)
    assert violations() == []


def test_the_second_rejection_adds_its_notes_to_the_first(broker: None) -> None:
    project = finished_work()
    answer(open_question(), NO)
    run_to_rest()
    tell(completed(dispatch_of(project)))
    answer(open_question(), {"approved": False, "notes": "By week, too."})
    run_to_rest()
    assert dispatch_of(project)["payload"]["work_context"]["notes"] == ["Split it by month.", "By week, too."]
    assert violations() == []


def test_what_rejected_work_delivered_does_not_count(broker: None) -> None:
    project = opened(step("only", approval="after"), step("next", depends_on=["only"]))
    for kind, verdict in (("sketch", NO), ("result", YES)):
        dispatch = dispatch_of(project)
        tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable(kind, total=1)), completed(dispatch))
        answer(open_question(), verdict)
        run_to_rest()
    assert Deliverable.objects.count() == 2
    assert dispatch_of(project, "next")["payload"]["work_context"]["deliverables"] == {"result": {"total": 1}}
    assert violations() == []


def test_a_rejection_before_the_start_asks_again_and_shows_what_was_noted(broker: None) -> None:
    project = opened(BEFORE)
    answer(open_question(), NO)
    run_to_rest()
    assert item_of(project).state == ItemState.BLOCKED
    assert (open_question().revision, "Split it by month." in open_question().reason) == (2, True)
    answer(open_question(), YES)
    run_to_rest()
    assert dispatch_of(project)["payload"]["work_context"]["notes"] == ["Split it by month."]
    assert violations() == []


@pytest.mark.parametrize("by", ["cleo", "foreign_worker"], ids=["the requester", "the agent"])
def test_nobody_approves_what_they_asked_for_or_did(broker: None, by: str) -> None:
    project = finished_work(requester="cleo")
    with pytest.raises(OwnApproval):
        answer(open_question(), YES, by=by)
    tell(submitted(project, by, approved=True))
    assert item_of(project).held_for == "approval"
    answer(open_question(), YES, by="ann")
    run_to_rest()
    assert item_of(project).state == ItemState.DONE
    assert violations(dead_letters=1) == []


@pytest.mark.parametrize("notes", [{}, {"notes": "  "}], ids=["none", "blank"])
def test_a_rejection_without_notes_is_refused(broker: None, notes: dict[str, str]) -> None:
    project = finished_work()
    with pytest.raises(NotesMissing):
        answer(open_question(), {"approved": False, **notes})
    assert item_of(project).held_for == "approval"
    run_to_rest()
    assert violations() == []


def test_an_approval_that_is_no_yes_or_no_is_refused(broker: None) -> None:
    finished_work()
    with pytest.raises(InvalidAnswer):
        answer(open_question(), {"approved": "perhaps"})
    run_to_rest()
    assert violations() == []


def test_what_a_worker_says_while_its_work_waits_for_approval_is_ignored(broker: None) -> None:
    project = finished_work()
    late = reply(dispatch_of(project), "WORK.ITEM_FAILED", {"reason": "On second thought, no."})
    tell(late)
    assert Event.objects.get(event_id=late["event_id"]).outcome == "ignored"
    assert item_of(project).held_for == "approval"
    assert violations() == []


def test_work_that_is_sent_back_again_and_again_goes_out_with_the_newest_notes(broker: None) -> None:
    long = {"type": "string", "maxLength": 500_000}
    needs = {"type": "object", "required": ["text"], "properties": {"text": long}}
    project = opened(step("only", approval="after", needs=needs, max_attempts=20), work_context={"text": "x" * 480_000})
    for number in range(14):
        tell(completed(dispatch_of(project)))
        answer(open_question(), {"approved": False, "notes": f"{number} " + "\N{MEMO}" * 9_990}, by="bob")
        run_to_rest()
    assert item_of(project).state == ItemState.IN_PROGRESS
    notes = dispatch_of(project)["payload"]["work_context"]["notes"]
    assert [note.split()[0] for note in notes] == ["13"]
    assert len(item_of(project).notes) == 14
