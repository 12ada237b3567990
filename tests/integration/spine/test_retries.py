"""What fails or stays silent is tried again within its budget, then given up until staff retry it."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from backlog.flow import due
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import item_in
from backlog.services import retry_item
from backlog.states import ItemState, ProjectStatus
from events.clock import database_now
from events.lifecycle import IllegalTransition
from events.models import Event
from tests.flows import completed, deliverable, dispatch_of, failed, item_of, on_the_log, opened, reply, step, tell
from tests.invariants import violations
from tests.system import GROUPS, group_server, run_to_rest, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def retried_at_once(settings: Settings) -> None:
    """A failed item is dispatched again in the same transaction, unless a test says otherwise."""
    settings.ITEM_RETRY_SECONDS = 0


def past_its_deadline(project: Project, key: str = "only") -> None:
    """Let the item's deadline pass and the clock bring what is due."""
    Item.objects.filter(project=project, key=key).update(deadline_at=database_now() - timedelta(seconds=1))
    due.do_what_is_due()
    run_to_rest()


def retry(item: Item) -> None:
    """What staff do."""
    with project_work() as work:
        retry_item(work, item_in(work, item.pk), by="ann")
    run_to_rest()


def test_an_item_past_its_deadline_is_tried_again(broker: None) -> None:
    project = opened()
    first = dispatch_of(project)
    past_its_deadline(project)
    item = item_of(project)
    assert (item.state, item.attempts, item.failures) == (ItemState.IN_PROGRESS, 2, 1)
    assert Event.objects.get(type="WORK.ITEM_TIMED_OUT").payload["failures"] == 1
    assert dispatch_of(project)["event_id"] != first["event_id"]
    assert violations() == []


def test_an_item_that_used_up_its_budget_fails_and_its_project_with_it(broker: None) -> None:
    project = opened(step("only", max_attempts=3), step("next", depends_on=["only"]))
    for _ in range(3):
        past_its_deadline(project)
    item = item_of(project)
    assert (item.state, item.attempts, item.failures) == (ItemState.FAILED, 3, 3)
    ended = Project.objects.get()
    assert (ended.status, "without an answer" in ended.reason) == (ProjectStatus.FAILED, True)
    (said,) = on_the_log("PROJECT.FAILED")
    assert said["payload"]["failed_items"] == ["only"]
    assert violations() == []


def test_nothing_is_due_for_a_project_that_is_over(broker: None) -> None:
    project = opened(step("only", max_attempts=1))
    past_its_deadline(project)
    before = Event.objects.count()
    past_its_deadline(project)
    assert Event.objects.count() == before
    assert violations() == []


def test_a_project_goes_on_while_another_of_its_items_can(broker: None) -> None:
    project = opened(step("only", max_attempts=1), step("other"))
    tell(failed(dispatch_of(project)))
    assert Project.objects.get().status == ProjectStatus.OPEN
    tell(completed(dispatch_of(project, "other")))
    assert Project.objects.get().status == ProjectStatus.FAILED
    assert violations() == []


def test_the_word_that_trying_again_is_pointless_is_believed(broker: None) -> None:
    project = opened()
    tell(failed(dispatch_of(project), retryable=False))
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.FAILED, 1)
    assert violations() == []


def test_the_wait_before_a_retry_doubles(broker: None, settings: Settings) -> None:
    settings.ITEM_RETRY_SECONDS = 100
    project = opened(step("only", max_attempts=4))
    waits = []
    for _ in range(3):
        tell(failed(dispatch_of(project)))
        item = item_of(project)
        assert item.state == ItemState.READY
        assert item.not_before is not None
        waits.append((item.not_before - database_now()).total_seconds())
        Item.objects.update(not_before=database_now())
        due.do_what_is_due()
    assert waits == pytest.approx([100, 200, 400], abs=5)
    run_to_rest()
    assert violations() == []


def test_an_item_that_waits_for_its_retry_is_left_alone_until_then(broker: None, settings: Settings) -> None:
    settings.ITEM_RETRY_SECONDS = 100
    project = opened()
    tell(failed(dispatch_of(project)))
    due.do_what_is_due()
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.READY, 1)
    assert violations() == []


@pytest.mark.parametrize("event_type", ["WORK.ITEM_STARTED", "WORK.ITEM_PROGRESSED"])
def test_a_sign_of_life_moves_the_deadline_on(broker: None, event_type: str) -> None:
    project = opened()
    Item.objects.update(deadline_at=database_now() + timedelta(seconds=5))
    more = {"done": 1, "total": 2} if event_type == "WORK.ITEM_PROGRESSED" else {}
    tell(reply(dispatch_of(project), event_type, more))
    item = item_of(project)
    assert item.deadline_at is not None
    assert item.deadline_at - database_now() > timedelta(seconds=500)
    assert violations() == []


def test_staff_retry_reopens_a_failed_project_and_it_can_still_be_done(broker: None) -> None:
    project = opened(step("only", max_attempts=1), step("next", depends_on=["only"]))
    tell(failed(dispatch_of(project)))
    assert Project.objects.get().status == ProjectStatus.FAILED
    retry(item_of(project))
    reopened = Project.objects.get()
    assert (reopened.status, reopened.finished_at) == (ProjectStatus.OPEN, None)
    assert Event.objects.filter(type="BACKLOG.ITEM_RETRIED").get().payload["requested_by"] == "ann"
    for key in ("only", "next"):
        tell(completed(dispatch_of(project, key)))
    assert Project.objects.get().status == ProjectStatus.DONE
    assert violations() == []


def test_only_a_failed_item_can_be_retried(broker: None) -> None:
    project = opened()
    with pytest.raises(IllegalTransition):
        retry(item_of(project))
    assert (item_of(project).state, item_of(project).attempts) == (ItemState.IN_PROGRESS, 1)
    assert violations() == []


def test_a_deliverable_may_come_a_little_after_the_word_that_the_item_is_finished(broker: None) -> None:
    project = opened(step("only", done_when={"deliverable": "result"}))
    dispatch = dispatch_of(project)
    tell(completed(dispatch))
    assert (item_of(project).state, item_of(project).held_for) == (ItemState.IN_PROGRESS, "deliverable")
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable()))
    assert (item_of(project).state, item_of(project).failures) == (ItemState.DONE, 0)
    assert violations() == []


def test_a_deliverable_that_never_comes_fails_the_item_once_the_grace_is_over(broker: None) -> None:
    project = opened(step("only", done_when={"deliverable": "result"}, max_attempts=1))
    tell(completed(dispatch_of(project)))
    past_its_deadline(project)
    item = item_of(project)
    assert (item.state, "no deliverable of type result" in item.reason) == (ItemState.FAILED, True)
    assert Event.objects.get(type="WORK.ITEM_FAILED").payload["unmet_criteria"]
    assert not Event.objects.filter(type="WORK.ITEM_TIMED_OUT").exists()
    assert violations() == []


def test_a_running_system_times_out_and_retries_by_itself(broker: None, settings: Settings) -> None:
    settings.ITEM_RETRY_SECONDS = 0.1
    project = opened(step("only", timeout_seconds=1, max_attempts=2))
    with serving(*(group_server(group) for group in GROUPS)):
        wait_until(lambda: Project.objects.get().status == ProjectStatus.FAILED)
        wait_until(lambda: not violations())
    assert (item_of(project).attempts, item_of(project).failures) == (2, 2)
    assert Event.objects.filter(type="WORK.ITEM_TIMED_OUT").count() == 2
