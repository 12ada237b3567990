"""The database's clock is stepped under load: deadlines go by it, and nothing is lost or done twice."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, connections
from django.utils import timezone

from backlog.flow import due
from backlog.flow.due import do_what_is_due
from backlog.models import Item
from events import clock, work
from events.models import Event
from tests.chaos.database import STEPPED_CLOCK
from tests.flows import completed, dispatch_of, item_of, opened, put, reply, request, tell
from tests.system import system
from tests.tally import FLOWS, Tally
from tests.waiting import wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has the clock of the process"),
]

Step = Callable[[float], None]


@pytest.fixture
def step(transactional_db: None) -> Iterator[Step]:
    """Step the clock of the test's own database by so many seconds."""
    name = connection.settings_dict["NAME"]
    execute(STEPPED_CLOCK.replace("ALTER DATABASE postgres", f'ALTER DATABASE "{name}"'))
    connections.close_all()  # a session has its search path from its beginning
    yield lambda seconds: execute(f"UPDATE stepped.step SET by = by + interval '{seconds} s'")
    execute(f'ALTER DATABASE "{name}" RESET search_path; DROP SCHEMA stepped CASCADE')
    connections.close_all()


def execute(statements: str) -> None:
    """Execute these statements."""
    with connection.cursor() as cursor:
        cursor.execute(statements)


def timed_out_by(step: Step, seconds: float) -> bool:
    """Return True if an item that was begun is timed out when the database's clock is so far ahead."""
    project = opened()
    told = dispatch_of(project)
    tell(reply(told, "WORK.ITEM_STARTED"))
    step(seconds)
    do_what_is_due()
    do_what_is_due()
    tell(completed(told))  # too late
    times = Event.objects.filter(project_id=project.pk, type="WORK.ITEM_TIMED_OUT").count()
    assert times <= 1
    assert item_of(project).failures == times
    return times == 1


def test_an_item_is_timed_out_once_when_the_clock_has_passed_its_deadline(broker: None, step: Step) -> None:
    assert timed_out_by(step, 700)


def test_an_item_is_not_timed_out_when_the_clock_goes_back(broker: None, step: Step) -> None:
    assert not timed_out_by(step, -700)


def test_deadlines_by_the_clock_of_the_process_are_found_out(
    broker: None, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (clock, due):
        monkeypatch.setattr(module, "database_now", timezone.now)
    monkeypatch.setattr(work, "transaction_begun", timezone.now)
    assert not timed_out_by(step, 700)


def test_a_clock_that_is_stepped_again_and_again_loses_nothing(tally: Tally, haste: None, step: Step) -> None:
    with system():
        tally.attempted = len(put(*(request("minimal") for _ in range(FLOWS))))
        for number, seconds in enumerate((300, -15, -600, 400), start=1):
            wait_until(lambda n=number: Item.objects.filter(state="DONE").count() >= n * FLOWS // 2, 20)
            step(seconds)
            tally.killed()
        tally.wait_for_rest(60)
    assert Item.objects.filter(state="DONE", attempts=1).count() == 3 * FLOWS
