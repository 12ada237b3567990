"""Under a steady load no process grows: not its memory, not its open files, not the connections to database and broker.

`SOAK_SECONDS=60` lasts a minute; `make chaos ARGS="--no-faults --seconds 3600"` an hour, with everything that there is.
"""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from django.db import connection

from backlog.models import Project
from events import streams
from tests.flows import put, request
from tests.growth import Readings, read_meanwhile
from tests.processes import running
from tests.tally import Tally
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connections to count"),
]

SECONDS = float(os.environ.get("SOAK_SECONDS", "6"))
RATE = 5.0
ROLES = {
    "core": ("core",),
    "workers": ("work", "generic_worker"),
}


def sessions() -> int:
    """Return how many sessions the test's database has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def broker_clients() -> int:
    """Return how many clients the broker has at this test's number."""
    number = str(streams.client().connection_pool.connection_kwargs.get("db", 0))
    return sum(client["db"] == number for client in streams.client().client_list())


@pytest.mark.timeout(300 + 3 * SECONDS)
def test_no_process_grows_under_a_steady_load(tally: Tally, capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        started = {role: stack.enter_context(running(*command)) for role, command in ROLES.items()}
        pids = {role: process.pid for role, process in started.items() if process.pid}
        load_until(tally, lambda: Project.objects.filter(status="DONE").count() >= 10)  # all is warm
        readings = Readings(lambda: pids, {"database": sessions, "broker": broker_clients})
        deadline = time.monotonic() + SECONDS
        with read_meanwhile(readings):
            load_until(tally, lambda: time.monotonic() > deadline)
        tally.wait_for_rest()
    with capsys.disabled():
        print("\n" + "\n".join(readings.lines()))  # noqa: T201
    assert len(readings.lines()) == len(ROLES) + 2
    assert readings.growths() == []


def load_until(tally: Tally, happens: Callable[[], bool]) -> None:
    """Ask for projects at the rate until it happens."""
    begun, asked = time.monotonic(), 0

    def look() -> bool:
        nonlocal asked
        while asked < (time.monotonic() - begun) * RATE:
            put(request("minimal"))
            asked += 1
        return happens()

    wait_until(look, 30 + SECONDS)
    tally.attempted += asked


def keep_memory(stack: ExitStack) -> None:
    """Keep sixteen megabytes until the stack is closed: more than the test's process may give back meanwhile."""
    stack.callback(len, b"x" * (16 << 20))


def keep_files(stack: ExitStack) -> None:
    """Keep two open files until the stack is closed."""
    for descriptor in os.pipe():
        stack.callback(os.close, descriptor)


@pytest.mark.parametrize("leak", [keep_memory, keep_files])
def test_a_process_that_keeps_what_it_reads_is_found_out(leak: Callable[[ExitStack], None]) -> None:
    readings = Readings(lambda: {"leaking": os.getpid()}, {"server": lambda: 2 * readings.times})
    with ExitStack() as stack:
        for _ in range(12):
            leak(stack)
            readings.take()
    assert [line.split()[1] for line in readings.growths()] == ["leaking", "server"]
