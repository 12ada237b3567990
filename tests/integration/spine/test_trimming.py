"""Trimming drops what everybody has settled, and nothing that somebody still needs."""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from backlog.models import Item, Project
from events import streams, trimming
from events.trimming import trim_streams
from tests.flows import completed, dispatch_of, on_the_log, opened, put, request, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

LOG = settings.STREAM_NAME


def finished() -> Project:
    """A project that is done: nothing on the log is needed any more."""
    project = opened()
    tell(completed(dispatch_of(project)))
    return project


def first_entry(stream: str) -> str | None:
    """The id of the oldest entry."""
    found = streams.client().xrange(stream, count=1)
    return found[0][0].decode() if found else None


def read_by(group: str, count: int) -> list[streams.Entry]:
    """What a foreign group was given."""
    streams.ensure_group(LOG, group)
    return streams.read_new(LOG, group, "reader", count=count)


def test_what_every_group_has_settled_is_dropped(broker: None) -> None:
    finished()
    before = streams.length(LOG)
    dropped = trim_streams()[LOG]
    assert dropped == before - 1
    assert violations() == []


def test_what_one_group_has_not_read_is_kept(broker: None) -> None:
    streams.ensure_group(LOG, "cost_workers")
    finished()
    before = streams.length(LOG)
    assert trim_streams()[LOG] == 0
    assert streams.length(LOG) == before
    read = read_by("cost_workers", 3)
    streams.ack(LOG, "cost_workers", [entry.entry_id for entry in read])
    assert trim_streams()[LOG] == 2
    assert first_entry(LOG) == read[-1].entry_id


def test_what_one_group_was_given_and_has_not_settled_is_kept(broker: None) -> None:
    finished()
    given = read_by("cost_workers", 100)
    streams.ack(LOG, "cost_workers", [entry.entry_id for entry in given if entry is not given[2]])
    assert trim_streams()[LOG] == 2
    assert first_entry(LOG) == given[2].entry_id


def test_a_dispatch_that_nobody_has_begun_is_kept_on_the_log(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "LARGEST_DRIFT", timedelta(milliseconds=100))
    finished()
    time.sleep(0.5)
    project = opened()
    dispatch = dispatch_of(project)
    work = streams.work_stream("foreign_worker")
    streams.ensure_group(work, "foreign_workers")
    for _ in range(3):
        finished()
    given = streams.read_new(work, "foreign_workers", "reader", count=100)
    streams.ack(work, "foreign_workers", [entry.entry_id for entry in given])
    assert trim_streams()[LOG] > 0
    assert dispatch in on_the_log("WORK.ITEM_DISPATCHED")
    tell(completed(dispatch))
    assert trim_streams()[LOG] > 0
    assert dispatch not in on_the_log("WORK.ITEM_DISPATCHED")
    assert violations() == []


def test_the_log_is_left_alone_until_every_group_of_ours_exists(broker: None) -> None:
    put(request())
    run_to_rest("orchestrator", "clarifications")
    assert trim_streams()[LOG] == 0
    run_to_rest()
    Item.objects.update(started_at=timezone.now())
    assert trim_streams()[LOG] > 0
    assert violations() == []


def test_a_work_stream_that_nobody_reads_yet_keeps_what_was_answered_elsewhere(broker: None) -> None:
    finished()
    work = streams.work_stream("foreign_worker")
    assert trim_streams()[work] == 0
    assert streams.length(work) == 1


def test_a_group_that_comes_while_streams_are_trimmed_finds_every_dispatch_that_waits_for_it(
    broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore: dispatches are published again before the workers are back, who then make their groups."""
    dispatches = [dispatch_of(opened())["event_id"] for _ in range(3)]
    work = streams.work_stream("foreign_worker")
    comes = lambda _: streams.ensure_group(work, "foreign_workers")  # noqa: E731 - the moment between two looks
    monkeypatch.setattr(trimming.abandoned, "watch_groups", comes)
    assert trim_streams()[work] == 0
    waiting = streams.read_new(work, "foreign_workers", "reader", count=100)
    assert [entry.fields[b"id"].decode() for entry in waiting] == dispatches


@pytest.mark.both
def test_trimming_in_the_middle_of_a_flow_loses_nothing(broker: None) -> None:
    keys = ("a", "b", "c")
    steps = [step(key, depends_on=list(keys[:n])) for n, key in enumerate(keys)]
    project = opened(*steps)
    for key in keys:
        dispatch = dispatch_of(project, key)
        trim_streams()
        tell(completed(dispatch))
        trim_streams()
    assert Project.objects.get().status == "DONE"
    assert violations() == []
