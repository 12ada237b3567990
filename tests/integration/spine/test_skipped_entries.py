"""A batch that is all for other groups is settled by who reads it; the application is not asked."""

from uuid import uuid4

import pytest
from django.conf import settings
from pytest_django import Settings

from events import bridge, streams
from events.bridge import StreamServer
from events.lanes import Lanes
from events.seal import seal_of
from runtime.groups import stream_consumers
from runtime.management.commands.consume import server as log_server
from tests.system import group_server

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


def reader(group: str) -> StreamServer:
    """A server of the group that reads once and does not wait."""
    server = group_server(group)
    streams.ensure_group(server.stream, server.group)
    server.stop()
    return server


def add(**fields: bytes | str) -> str:
    """Add an entry to the log; its id."""
    return str(streams.client().xadd(settings.STREAM_NAME, fields).decode())


@pytest.mark.parametrize("group", ["clarifications", "validators"])
def test_a_batch_for_others_is_settled_unseen(broker: None, group: str) -> None:
    server, seal = reader(group), seal_of(b"{}") if group == "validators" else ""
    last = [add(event=b"{}", type="WORK.ITEM_STARTED", sig=seal) for _ in range(3)][-1]
    assert server.read_new() == []
    [status] = streams.groups(server.stream)
    assert (status.pending, status.last_delivered) == (0, last)


@pytest.mark.parametrize("group", ["clarifications", "validators"])
def test_one_entry_that_is_not_for_others_brings_its_batch_to_the_application(broker: None, group: str) -> None:
    server = reader(group)
    ids = [add(event=b"{}", type="WORK.ITEM_STARTED", sig=seal_of(b"{}")), add(event=b"{}", sig="forged")]
    assert {entry.entry_id for entry in server.read_new()} == set(ids)
    assert streams.groups(server.stream)[0].pending == len(ids)


@pytest.mark.parametrize(("seconds", "filled"), [(60.0, 10), (0.0, 2)], ids=["with time", "without"])
def test_under_load_a_batch_is_filled_with_entries_that_are_not_for_others(
    broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, seconds: float, filled: int
) -> None:
    settings.BATCH_SIZE = 10
    monkeypatch.setattr(bridge, "LONGEST_FILLING_SECONDS", seconds)
    server = reader("clarifications")
    server.stopping.clear()
    for _ in range(10):
        for _ in range(4):
            add(event=b"{}", type="WORK.ITEM_STARTED")
        add(event=b"{}", type="USER.ANSWER_SUBMITTED")
    assert [entry.fields[b"type"] for entry in server.read_new()] == [b"USER.ANSWER_SUBMITTED"] * filled
    assert streams.groups(server.stream)[0].pending == filled, "what is for others is settled"


def test_a_batch_is_filled_up_to_its_bytes(broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BATCH_SIZE = 2
    monkeypatch.setattr(bridge, "MOST_READ_BYTES", 1000)
    server = reader("clarifications")
    server.stopping.clear()
    for _ in range(2):
        add(event=b"{}", type="WORK.ITEM_STARTED")
        add(event=b" " * 1000, type="USER.ANSWER_SUBMITTED")
    assert [len(server.read_new()) for _ in range(2)] == [1, 1]


def test_what_another_lane_left_is_read_at_once_and_is_not_taken_back(broker: None) -> None:
    lanes = Lanes()
    first, second = (
        log_server(stream_consumers(), "orchestrator", settings.STREAM_NAME, 1, lane, lanes=lanes) for lane in (1, 2)
    )
    streams.ensure_group(first.stream, first.group)
    project = str(uuid4())
    add(event=b"{}", type="WORK.ITEM_COMPLETED", project=project)
    assert len(first.read_new()) == 1
    left, kept = (add(event=b"{}", type="WORK.ITEM_COMPLETED", project=name) for name in (project, str(uuid4())))
    assert [entry.entry_id for entry in second.read_new()] == [kept]
    assert left not in {waiting.entry_id for waiting in second.due_again()}, "the second lane read it, the first has it"
    lanes.end(first.consumer)
    assert [entry.entry_id for entry in first.read_new()] == [left]
    for server in (first, second):
        server.executor.shutdown()
