"""A batch that is all for other groups is settled by who reads it; the application is not asked."""

import pytest
from django.conf import settings

from events import streams
from events.bridge import StreamServer
from events.seal import seal_of
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
    assert [entry.entry_id for entry in server.read_new()] == ids
    assert streams.groups(server.stream)[0].pending == len(ids)
