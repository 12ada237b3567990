"""A system that has nothing to do costs little: its servers change threads seldom, its loops ask for little."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channels import consumer
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events import streams
from tests.system import group_server
from webhooks.delivery import Deliverer

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


def test_a_round_without_entries_changes_threads_three_times(broker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    server, asked = group_server("clarifications"), list[Any]()
    submit = server.executor.submit

    def counted(call: Any, *arguments: Any) -> Any:
        asked.append(call)
        return submit(call, *arguments)

    monkeypatch.setattr(server.executor, "submit", counted)
    monkeypatch.setattr(streams, "BLOCK_MS", 1)
    monkeypatch.setattr(consumer, "aclose_old_connections", None)  # by Channels, in a thread of all servers

    async def one_round() -> int:
        await server.in_thread(streams.ensure_group, server.stream, server.group)
        asked.clear()
        await server.cycle()
        count = len(asked)
        await server.close()
        return count

    # To look at pending entries, to do what is due by the clock, and to read new entries.
    assert asyncio.run(one_round()) == 3


def test_without_an_active_endpoint_webhooks_ask_for_the_newest_event_and_for_an_endpoint() -> None:
    with ThreadPoolExecutor(1) as pool, CaptureQueriesContext(connection) as seen:
        assert Deliverer().start(pool, free=1) == set()
    assert len([query for query in seen if "FROM" in query["sql"]]) == 2
