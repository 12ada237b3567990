"""A database that was restored from an older copy than the broker has: what is newer is reported, and not run."""

import pytest

from backlog.flow.after_restore import begin_again
from backlog.models import Deliverable, Project
from events import streams
from events.models import DeadLetter, Event
from tests.emptying import empty_database
from tests.flows import dispatch_of, item_of, opened, put, reply, request, step, tell
from tests.invariants import violations
from tests.system import run_to_rest, system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

FLOWS = 5
WORK, GROUP = "audit:work:generic_worker", "generic_workers"


def restore_a_copy_from_before_the_flows() -> None:
    """The database is as it was before the first request came; the broker is as it is now."""
    empty_database()


def test_commands_that_a_restored_database_does_not_know_are_reported_and_not_run(broker: None) -> None:
    streams.ensure_group(WORK, GROUP)  # its workers have read here before
    put(*(request() for _ in range(FLOWS)))
    run_to_rest()
    assert streams.length(WORK) == FLOWS
    restore_a_copy_from_before_the_flows()
    with system():
        wait_until(lambda: DeadLetter.objects.count() == FLOWS)
    letters = DeadLetter.objects.all()
    assert {letter.event_type for letter in letters} == {"WORK.ITEM_DISPATCHED"}
    assert all("The ledger has no dispatch" in letter.reason for letter in letters)
    assert (Project.objects.count(), Deliverable.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_work_that_had_begun_is_done_by_the_restored_system(broker: None) -> None:
    project = opened(step("only", agent_target="generic_worker"))
    tell(reply(dispatch_of(project), "WORK.ITEM_STARTED"))
    assert item_of(project).started_at
    streams.client().flushdb()  # another place, whose broker has nothing
    assert begin_again() == 1
    with system():
        wait_until(lambda: Project.objects.get().status == "DONE")
    assert item_of(project).failures == 0
    assert violations(at_rest=False) == []


def test_a_request_that_is_put_again_after_the_restore_is_done(broker: None) -> None:
    events = [request() for _ in range(FLOWS)]
    put(*events)
    run_to_rest()
    restore_a_copy_from_before_the_flows()
    with system():
        put(*events)
        wait_until(lambda: Project.objects.filter(status="DONE").count() == FLOWS)
