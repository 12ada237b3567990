"""What was committed is published once: by its process, or by the relay when that process is gone."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone

from backlog.flow.due import do_what_is_due
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from events import lost_dispatches, outbox, signs, streams
from events.lost_dispatches import LostDispatches
from events.models import Event, Outbox
from events.outage import outage
from events.outbox import Inheritance
from tests.flows import completed, dispatch_of, item_of, opened, put, reply, request, step, tell, template
from tests.invariants import violations
from tests.system import run_to_rest, system
from tests.tally import FLOWS, Tally, entries_added
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

WAITING = 3 * FLOWS
WORK = "audit:work:foreign_worker"


def committed_only() -> int:
    """Open a project as a process does that dies between its commit and its publication; the number of events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "publish_committed", lambda events, row, deleted: None)
        with project_work() as work:
            submit_request(work, request=request(template(step("only")))["payload"])
    return Event.objects.count()


@pytest.mark.faults
def test_a_backlog_is_worked_off_with_one_entry_an_event(tally: Tally, haste: None, settings: Any) -> None:
    settings.RELAY_GRACE_SECONDS = 3.0  # signs of life are shown every second: in haste they would lapse in between
    tally.attempted = len(put(*(request("minimal") for _ in range(WAITING))))
    with system():
        tally.wait_for_rest(60)
        assert entries_added() == Event.objects.count()
    dispatches = Event.objects.filter(type="WORK.ITEM_DISPATCHED").count()
    assert streams.client().xinfo_stream("audit:work:generic_worker")["entries-added"] == dispatches == 3 * WAITING


def test_the_relay_leaves_alone_what_a_living_process_has_committed(broker: None, settings: Any) -> None:
    settings.RELAY_GRACE_SECONDS = 0.4
    number, relay = committed_only(), Inheritance()
    Outbox.objects.update(owner="another process")
    relay.publish_left_behind()
    for _ in range(3):
        signs.show_life("another process")
        time.sleep(1.2 * settings.RELAY_GRACE_SECONDS)
        assert relay.publish_left_behind() == 0
    assert streams.length(settings.STREAM_NAME) == 0
    streams.client().flushdb()
    assert wait_for_takeover(relay) == number
    assert (streams.length(settings.STREAM_NAME), Outbox.objects.count()) == (number, 0)
    assert relay.publish_left_behind() == 0


def wait_for_takeover(relay: Inheritance) -> int:
    """How many events the relay publishes, once it has seen the row for long enough."""
    number = 0

    def takes_over() -> bool:
        nonlocal number
        number = relay.publish_left_behind()
        return number > 0

    wait_until(takes_over)
    return number


def test_what_could_not_be_published_is_taken_over_at_the_next_look(broker: None) -> None:
    outage.note_outage()
    with project_work() as work:
        submit_request(work, request=request(template(step("only")))["payload"])
    outage.note_answer()
    assert Outbox.objects.get().owner == ""
    assert Inheritance().publish_left_behind() == Event.objects.count() == streams.length(settings.STREAM_NAME)
    assert violations(at_rest=False) == []


def test_a_commit_that_cannot_be_published_does_not_hold_up_the_others(
    broker: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RELAY_GRACE_SECONDS = 0.05
    first, both = committed_only(), committed_only()
    Outbox.objects.update(owner="")
    publish, bad = outbox.publish_events, outbox.event_ids(bytes(Outbox.objects.earliest("pk").events))

    def refuses_the_first(ids: list[UUID], traces: dict[UUID, str] | None = None) -> int:
        if ids == bad:
            raise ValueError("no such agent")
        return publish(ids, traces)

    monkeypatch.setattr(outbox, "publish_events", refuses_the_first)
    relay = Inheritance()
    assert relay.publish_left_behind() == both - first
    assert Outbox.objects.count() == 1
    monkeypatch.setattr(outbox, "publish_events", publish)
    assert wait_for_takeover(relay) == first


def test_a_row_that_could_not_be_given_up_is_given_up_later(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    outage.note_outage()
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "delete_published", lambda: None)
        with project_work() as work:
            submit_request(work, request=request(template(step("only")))["payload"])
    assert Outbox.objects.get().owner
    outbox.delete_published()
    assert Outbox.objects.get().owner == ""


# -- dispatches that the broker has lost -----------------------------------------------------------
def looked(watch: LostDispatches, times: int = 2) -> int:
    """How many dispatches are published again by so many steps."""
    return sum(watch.publish_lost() for _ in range(times))


def test_a_dispatch_that_waits_in_its_queue_is_not_published_again(broker: None) -> None:
    opened()
    assert looked(LostDispatches()) == 0
    assert streams.length(WORK) == 1


def test_a_dispatch_in_the_hands_of_a_worker_is_not_published_again(broker: None) -> None:
    opened()
    streams.ensure_group(WORK, "foreign_workers")
    assert len(streams.read_new(WORK, "foreign_workers", "one", count=9)) == 1
    assert looked(LostDispatches()) == 0


def test_a_dispatch_that_the_broker_lost_is_published_again_once(broker: None) -> None:
    project = opened()
    watch = LostDispatches()
    assert looked(watch) == 0
    streams.client().flushdb()
    run_to_rest()
    assert looked(watch, 5) == 1
    assert (streams.length(WORK), dispatch_of(project)["event_id"]) == (
        1,
        str(Event.objects.get(type=DISPATCHED).event_id),
    )


DISPATCHED = "WORK.ITEM_DISPATCHED"


def test_a_dispatch_whose_answer_is_still_in_the_log_is_not_published_again(broker: None) -> None:
    dispatch = dispatch_of(opened())
    streams.ensure_group(WORK, "foreign_workers")
    [entry] = streams.read_new(WORK, "foreign_workers", "one", count=9)
    put(completed(dispatch))
    streams.ack(WORK, "foreign_workers", [entry.entry_id])
    watch = LostDispatches()
    assert looked(watch, 3) == 0
    run_to_rest()
    assert looked(watch, 3) == 0
    assert streams.length(WORK) == 1


def test_a_broker_with_an_older_state_is_noticed(broker: None) -> None:
    watch = LostDispatches()
    assert [watch.is_broker_changed() for _ in range(3)] == [True, False, False]
    streams.client().set(f"{settings.NAMESPACE}:epoch", 1)
    assert [watch.is_broker_changed() for _ in range(2)] == [True, False]


def test_what_others_write_into_a_work_stream_stops_no_look(broker: None) -> None:
    opened()
    for odd in (b"no id", b"\xff\xfe", b""):
        streams.client().xadd(WORK, {"id": odd, "event": b"{}"})
    assert looked(LostDispatches()) == 0
    streams.ensure_group(WORK, "foreign_workers")
    streams.client().xgroup_createconsumer(WORK, "foreign_workers", "one")
    assert overdue(opened()).failures == 0


def test_a_broker_that_loses_everything_in_the_middle_of_a_look_is_looked_at_again(broker: None) -> None:
    dispatch = dispatch_of(opened())
    streams.ensure_group(WORK, "foreign_workers")
    [entry] = streams.read_new(WORK, "foreign_workers", "one", count=9)
    put(completed(dispatch))
    streams.ack(WORK, "foreign_workers", [entry.entry_id])
    watch = LostDispatches()
    assert looked(watch) == 0
    assert watch.suspects is not None
    streams.client().flushdb()
    run_to_rest()
    assert looked(watch, 5) == 1
    assert streams.length(WORK) == 1


# -- the time of a dispatch that waits -------------------------------------------------------------
def overdue(project: Project) -> Item:
    """The project's item, whose deadline has just passed, after a round of the clock."""
    Item.objects.filter(project=project).update(deadline_at=timezone.now() - timedelta(seconds=1))
    do_what_is_due()
    return item_of(project)


def test_the_time_of_a_dispatch_does_not_run_while_it_waits_behind_others(broker: None) -> None:
    project = opened()
    streams.ensure_group(WORK, "foreign_workers")
    streams.client().xgroup_createconsumer(WORK, "foreign_workers", "one")
    item = overdue(project)
    assert (item.state, item.failures) == ("IN_PROGRESS", 0)
    assert item.deadline_at is not None
    assert item.deadline_at > timezone.now()


def test_a_queue_that_nobody_reads_is_no_excuse(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    project = opened()
    assert overdue(project).failures == 1
    streams.ensure_group(WORK, "foreign_workers")
    streams.client().xgroup_createconsumer(WORK, "foreign_workers", "one")
    monkeypatch.setattr(lost_dispatches, "WORKER_SEEN_SECONDS", 0.0)
    assert overdue(opened()).failures == 1


def test_a_dispatch_that_was_begun_is_timed_out(broker: None) -> None:
    project = opened()
    streams.ensure_group(WORK, "foreign_workers")
    streams.client().xgroup_createconsumer(WORK, "foreign_workers", "one")
    tell(reply(dispatch_of(project), "WORK.ITEM_STARTED", {}))
    assert overdue(project).failures == 1


def test_many_open_dispatches_are_looked_up_in_parts(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_dispatches, "MOST_IDS", 2)
    for _ in range(5):
        opened()
    dispatches = lost_dispatches.open_dispatches()
    recorded = (
        Event.objects.filter(event_id__in=dispatches).order_by("recorded_at").values_list("recorded_at", flat=True)
    )
    assert lost_dispatches.oldest_open_dispatch() == recorded[0]
    assert lost_dispatches.older_than(timezone.now() + timedelta(seconds=5), dispatches) == dispatches
    assert len(lost_dispatches.older_than(recorded[2], dispatches)) == 2
