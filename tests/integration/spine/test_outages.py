"""A database that goes away in mid-run is waited for: no process has to be started again, no loop stays deaf."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.db import InterfaceError, connection, connections, transaction

from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Item
from backlog.states import ItemState
from events import faults, runner, streams
from events.models import Attempt, Outbox
from tests.flows import put, request
from tests.system import serving, system
from tests.tally import FLOWS, Tally
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Each time that so many more items are done, the database goes away.
ITEMS_BETWEEN_OUTAGES = 3 * FLOWS // 5


def terminate_all_backends() -> None:
    """PostgreSQL: every connection but ours is cut."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def hold_the_write_lock() -> None:
    """SQLite: nobody else can write until the orchestrator has had to wait with a batch in hand."""
    with closing(connections["default"].copy()) as other, other.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        wait_until(orchestrator_holds_a_batch)
        cursor.execute("ROLLBACK")


def orchestrator_holds_a_batch() -> bool:
    """Whether entries were delivered to the orchestrator that it could not settle."""
    return any(g.name == "orchestrator" and g.pending for g in streams.groups("audit:events"))


def cut_own_connection() -> None:
    """PostgreSQL: the connection that asks is cut, outside of any transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def close_own_connection() -> None:
    """SQLite: the connection is closed under Django, and the next statement meets that."""
    connection.connection.close()
    raise InterfaceError("The database is away.")


OUTAGE = {"postgresql": terminate_all_backends, "sqlite": hold_the_write_lock}[connection.vendor]
LONGEST_WAIT = {"postgresql": "SHOW lock_timeout", "sqlite": "PRAGMA busy_timeout"}[connection.vendor]
CUT = {"postgresql": cut_own_connection, "sqlite": close_own_connection}[connection.vendor]


@pytest.fixture
def lasting_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are kept between batches, as in production."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)


@pytest.mark.parametrize("outage", [pytest.param(OUTAGE, id=OUTAGE.__name__)])
def test_a_database_that_goes_away_in_mid_run_is_waited_for(
    outage: Callable[[], None], tally: Tally, haste: None, lasting_connections: None
) -> None:
    with system():
        tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
        for number in (1, 2, 3):
            wait_until(lambda n=number: items_done() >= n * ITEMS_BETWEEN_OUTAGES, 20)
            outage()
            tally.killed()
        tally.wait_for_rest()
    assert Item.objects.filter(state=ItemState.DONE, attempts=1).count() == 3 * FLOWS


@pytest.mark.parametrize("outage", [pytest.param(OUTAGE, id=OUTAGE.__name__)])
def test_an_orchestrator_with_an_entry_put_off_hears_again(
    outage: Callable[[], None], tally: Tally, lasting_connections: None, settings: Any
) -> None:
    settings.FAULT_POINTS = {"consume.after_claim": "raise:1"}
    faults.reached.clear()
    with system():
        tally.attempted = len(put(request("minimal")))
        wait_until(Attempt.objects.exists)
        outage()
        tally.killed()
        tally.wait_for_rest()


@pytest.mark.parametrize("cut", [pytest.param(CUT, id=CUT.__name__)])
def test_a_relay_cut_off_between_two_sweeps_goes_on(
    cut: Callable[[], None], tally: Tally, haste: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trims = [cut]
    monkeypatch.setattr(runner, "trim_streams", lambda: trims.pop()() if trims else None)
    with serving(relay=True):
        wait_until(lambda: not trims)
        with transaction.atomic(), project_work() as work:
            submit_request(work, request=request("minimal")["payload"])
        wait_until(lambda: not Outbox.objects.exists())


def test_a_server_limits_the_waits_of_its_own_sessions_only(broker: None) -> None:
    before = longest_wait()
    with system():
        put(request("minimal"))
        wait_until(lambda: items_done() == 3)
        assert longest_wait() == before
    assert longest_wait() == before


def longest_wait() -> Any:
    """How long a new session of ours waits for a lock."""
    with closing(connections["default"].copy()) as fresh, fresh.cursor() as cursor:
        cursor.execute(LONGEST_WAIT)
        return cursor.fetchone()


def items_done() -> int:
    """Items that are done."""
    return Item.objects.filter(state=ItemState.DONE).count()
