"""The running system inside the test's process: real servers on threads, a real broker, a real database."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connections
from django.test.utils import CaptureQueriesContext

from events import streams
from events.bridge import StreamServer
from events.partitions import log_streams
from events.runner import relay_until
from events.streams import Entry
from runtime.groups import CONSUMERS, stream_consumers
from runtime.management.commands.consume import server as log_server
from runtime.management.commands.work import server as worker_server

GROUPS = tuple(CONSUMERS)


def group_server(group: str, *, slot: int = 1) -> StreamServer:
    """A server of one consumer group of the log, which has one stream."""
    return group_servers(group, slot=slot)[0]


def group_servers(group: str, *, slot: int = 1) -> list[StreamServer]:
    """A server of one consumer group for each stream of the log."""
    application, names = stream_consumers(), log_streams()
    return [log_server(application, group, name, slot, ticks=name == names[0]) for name in names]


def agent_server(agent: str, *, slot: int = 1) -> StreamServer:
    """A server of one agent's work stream."""
    return worker_server(stream_consumers(), agent, slot)


@contextmanager
def serving(*servers: StreamServer, relay: bool = True) -> Iterator[None]:
    """Serve on background threads while the block runs; whatever they raise fails the test."""
    faults: list[BaseException] = []
    stop = threading.Event()
    threads = [threading.Thread(target=run, args=(lambda s=s: asyncio.run(s.serve()), faults)) for s in servers]
    if relay:
        threads.append(threading.Thread(target=run, args=(lambda: relay_until(stop), faults)))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for server in servers:
            server.stop()
        for thread in threads:
            thread.join(15)
    assert not faults, faults
    assert not any(thread.is_alive() for thread in threads), "a server did not stop"


def run(call: object, faults: list[BaseException]) -> None:
    """Run on a thread, keep what it raises, and leave no connection behind."""
    try:
        call()  # type: ignore[operator]
    except BaseException as error:
        faults.append(error)
    finally:
        connections.close_all()


@contextmanager
def system(
    agents: Sequence[str] = ("generic_worker",), *, groups: Sequence[str] = GROUPS, relay: bool = True
) -> Iterator[None]:
    """The groups, these agents and the relay."""
    consumers = [server for group in groups for server in group_servers(group)]
    with serving(*consumers, *(agent_server(a) for a in agents), relay=relay):
        yield


def run_to_rest(*groups: str) -> None:
    """Let the groups (all, unless named) handle what is on the log and what follows from it, now."""
    servers = [server for group in groups or GROUPS for server in group_servers(group)]
    asyncio.run(serve_to_rest(servers))


async def serve_to_rest(servers: Sequence[StreamServer]) -> None:
    """Serve in turn until nobody finds anything new; what is put off for later stays pending."""
    try:
        for server in servers:
            await server.in_thread(streams.ensure_group, server.stream, server.group)
        while sum([await serve_once(server) for server in servers]):
            pass
    finally:
        for server in servers:
            await server.close()


async def serve_once(server: StreamServer) -> int:
    """What is due again, then what is new, without waiting for any; the number of new entries."""
    await server.reclaim()
    entries = await server.in_thread(read_at_once, server)
    await server.process(entries)
    return len(entries)


def read_at_once(server: StreamServer) -> list[Entry]:
    """A batch of new entries, or none."""
    return streams.read_new(server.stream, server.group, server.consumer, count=server.batch_size, block_ms=None)


def transactions(seen: CaptureQueriesContext) -> int:
    """How many were begun; what other threads do is not among what was seen."""
    return sum(query["sql"].startswith("BEGIN") for query in seen.captured_queries)
