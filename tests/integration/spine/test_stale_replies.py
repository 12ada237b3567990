"""A reply to a dispatch that was superseded is recorded and changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from backlog.models import Deliverable, Project
from backlog.states import ItemState
from events.lost_dispatches import open_dispatches
from events.models import DeadLetter, Event
from tests.flows import completed, deliverable, dispatch_of, failed, item_of, opened, reply, step, tell
from tests.invariants import violations

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def retried_at_once(settings: Settings) -> None:
    """A failed item is dispatched again in the same transaction."""
    settings.ITEM_RETRY_SECONDS = 0


def retried() -> tuple[Project, dict[str, Any], dict[str, Any]]:
    """A project whose only item is in its second round, with the dispatches of both rounds."""
    project = opened(step("only", done_when={"deliverable": "result"}))
    first = dispatch_of(project)
    tell(failed(first))
    return project, first, dispatch_of(project)


@pytest.mark.parametrize("event_type", ["WORK.ITEM_STARTED", "WORK.ITEM_COMPLETED", "WORK.ITEM_FAILED"])
def test_a_reply_to_a_superseded_dispatch_is_recorded_as_stale_and_ignored(broker: None, event_type: str) -> None:
    project, first, second = retried()
    more = {"WORK.ITEM_COMPLETED": {"evidence": {"late": 1}}, "WORK.ITEM_FAILED": {"reason": "late"}}
    late = reply(first, event_type, more.get(event_type))
    tell(late)
    item = item_of(project)
    assert Event.objects.get(event_id=late["event_id"]).outcome == Event.Outcome.STALE
    assert (item.state, item.attempts, item.failures) == (ItemState.IN_PROGRESS, 2, 1)
    assert (item.started_at, item.evidence, str(item.current_dispatch)) == (None, None, second["event_id"])
    assert violations() == []


def test_a_stale_deliverable_is_not_kept(broker: None) -> None:
    project, first, second = retried()
    tell(reply(first, "DELIVERABLE.PUBLISHED", deliverable(total=1)))
    tell(completed(second))
    assert item_of(project).held_for == "deliverable"
    tell(reply(second, "DELIVERABLE.PUBLISHED", deliverable(total=2)))
    assert [d.content for d in Deliverable.objects.all()] == [{"total": 2}]
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_a_stale_question_asks_nobody(broker: None) -> None:
    project, first, _ = retried()
    late = reply(first, "CLARIFICATION.NEEDED", {"reason": "Which?", "missing_fields": ["rate"]})
    tell(late)
    assert Event.objects.get(event_id=late["event_id"]).outcome == Event.Outcome.STALE
    assert project.questions.count() == 0
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert violations() == []


def test_a_worker_that_names_no_cause_answers_the_only_dispatch(broker: None) -> None:
    project = opened()
    tell(completed(dispatch_of(project)) | {"causation_id": None})
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


@pytest.mark.parametrize("answer", [completed, failed])
def test_a_reply_that_names_no_cause_is_refused_once_there_were_two_dispatches(
    broker: None, answer: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    project, first, _ = retried()
    tell(answer(first) | {"causation_id": None})
    assert "dispatched 2 times" in DeadLetter.objects.get().reason
    assert (item_of(project).state, item_of(project).failures) == (ItemState.IN_PROGRESS, 1)
    assert violations(dead_letters=1) == []


def test_a_superseded_dispatch_is_not_published_again(broker: None) -> None:
    _, first, second = retried()
    assert [str(event_id) for event_id in open_dispatches()] == [second["event_id"]]
    assert first["event_id"] != second["event_id"]
    assert violations() == []
