"""A disk that is full is an outage: what waits stays, nobody is at fault, and work goes on when there is room again."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from django.db import InterfaceError, connection
from django.db.backends.signals import connection_created
from pytest_django import Settings

from accounts.roles import OPERATOR
from backlog.models import Project
from events import bridge, isolation, streams
from events.models import Attempt, DeadLetter
from tests.callers import machine
from tests.chaos.disks import filled, small_disk
from tests.flows import put, request
from tests.invariants import violations
from tests.system import group_server, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

NO_ROOM = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON events_event EXECUTE FUNCTION no_room();
"""
ROOM = "DROP TRIGGER no_room ON events_event; DROP FUNCTION no_room();"
MOST_PAGES = 4294967294


@contextmanager
def full_postgres() -> Iterator[None]:
    """Have PostgreSQL answer every new event as it does when it cannot extend a file."""
    with connection.cursor() as cursor:
        cursor.execute(NO_ROOM)
    yield
    with connection.cursor() as cursor:
        cursor.execute(ROOM)


@contextmanager
def full_sqlite() -> Iterator[None]:
    """Let the file have no more pages than it has, for every connection that is made meanwhile."""
    made: list[Any] = []
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what earlier tests deleted left pages that are free

    def limit(connection: Any, **_: Any) -> None:
        made.append(connection.connection)
        connection.connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the number of pages that there are

    connection_created.connect(limit)
    yield
    connection_created.disconnect(limit)
    for one in made:
        with suppress(sqlite3.ProgrammingError):  # it is closed
            one.execute(f"PRAGMA max_page_count = {MOST_PAGES}")


FULL: Callable[[], Any] = {"postgresql": full_postgres, "sqlite": full_sqlite}[connection.vendor]


def wait_until_met(server: bridge.StreamServer, caplog: pytest.LogCaptureFixture) -> None:
    """Return once the server has met the full disk."""
    wait_until(lambda: "waits" in caplog.text or "failed" in caplog.text)
    assert streams.pending(server.stream, server.group, count=9)


def test_what_comes_while_the_database_has_no_room_is_done_when_it_has(
    broker: None, caplog: pytest.LogCaptureFixture
) -> None:
    server, many = group_server("orchestrator"), [request() for _ in range(20)]
    with ExitStack() as stack:
        with FULL():
            put(*many)
            stack.enter_context(serving(server, relay=False))
            wait_until_met(server, caplog)
            assert Project.objects.count() < len(many)
        wait_until(lambda: Project.objects.count() == len(many))
    assert not Attempt.objects.exists()
    assert not DeadLetter.objects.exists()
    assert violations(at_rest=False) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="where SQLite has no room, no attempt can be noted")
def test_a_full_disk_that_counts_as_the_entrys_fault_is_found_out(
    broker: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "DATABASE_AWAY", (InterfaceError,))
    with FULL():
        put(request())
        with serving(server := group_server("orchestrator"), relay=False):
            wait_until_met(server, caplog)
            wait_until(Attempt.objects.exists)


def test_a_request_whose_rows_find_no_room_opens_nothing_and_is_taken_when_there_is_some(
    broker: None, settings: Settings
) -> None:
    caller = machine("bot", OPERATOR)
    caller.client.raise_request_exception = False
    settings.CLAIM_CHECK_BYTES = 1000
    rows = [{"text": f"Task {n}", "category": "Work", "estimated_minutes": 30} for n in range(3000)]
    body = {"request_text": "Look.", "template": "audit", "work_context": {"rows": rows}}
    with small_disk(4) as disk:
        if disk is None:
            pytest.skip("no small disk can be mounted: it takes root")
        settings.ARTIFACTS_DIR = disk / "artifacts"
        with filled(disk):
            refused = caller.post("projects", body)
            assert (refused.status_code, refused.json()["type"]) == (503, "urn:interlock:problem:storage-full")
        assert list(settings.ARTIFACTS_DIR.iterdir()) == []
        assert not Project.objects.exists()
        assert caller.post("projects", body).status_code == 201
    assert Project.objects.count() == 1
