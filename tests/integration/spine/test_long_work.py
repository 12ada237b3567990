"""Long work is not taken for dead: its entry is renewed while it runs, and taken over when its worker is gone."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings as live
from flows import opened, put, request, step, template
from pytest_django import Settings
from system import agent_server, run_to_rest, serving, system
from waiting import wait_until

from backlog.models import Item, Project
from backlog.selectors import item_in
from backlog.services import cancel_item
from backlog.states import ItemState
from events import streams
from events.models import DeadLetter
from events.work import unit_of_work
from workers.agents import AGENTS
from workers.contract import AgentInput, Result, agent

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

SLOW = "slow_test_worker"
begun: list[float] = []
go_on = threading.Event()


@pytest.fixture(autouse=True)
def slow_agent(settings: Settings) -> Iterator[None]:
    """An agent that runs until it is told to go on, far beyond the time after which entries are taken over."""
    settings.RECLAIM_IDLE_SECONDS = 1.0
    settings.MAX_ATTEMPTS = 3
    begun.clear()
    go_on.clear()

    @agent(SLOW)
    def run(work: AgentInput) -> Result:
        begun.append(time.monotonic())
        go_on.wait(60)
        return Result({})

    yield
    go_on.set()
    del AGENTS[SLOW]


def slow_project() -> Project:
    """A project for the slow agent."""
    return opened(step("only", agent_target=SLOW))


def test_an_agent_that_runs_long_runs_once_with_three_workers() -> None:
    with serving(*(agent_server(SLOW, slot=slot) for slot in (1, 2, 3))), system(agents=(), relay=False):
        put(request(template(step("only", agent_target=SLOW))))
        wait_until(lambda: bool(begun), 20)
        time.sleep(6 * live.RECLAIM_IDLE_SECONDS)
        assert len(begun) == 1
        go_on.set()
        wait_until(lambda: Item.objects.filter(state=ItemState.DONE).exists(), 20)
    assert len(begun) == 1
    assert DeadLetter.objects.count() == 0


def test_what_a_dead_worker_held_is_begun_by_another() -> None:
    slow_project()
    dead = agent_server(SLOW, slot=1)
    streams.ensure_group(dead.stream, dead.group)
    assert streams.read_new(dead.stream, dead.group, dead.consumer, count=1)
    died = time.monotonic()
    with serving(agent_server(SLOW, slot=2), relay=False):
        wait_until(lambda: bool(begun), 20)
        go_on.set()
    assert begun[0] - died < 15


def test_an_entry_that_another_took_over_is_not_renewed_by_the_one_that_stood_still() -> None:
    slow_project()
    first, second = agent_server(SLOW, slot=1), agent_server(SLOW, slot=2)
    streams.ensure_group(first.stream, first.group)
    (entry,) = streams.read_new(first.stream, first.group, first.consumer, count=1)
    (held,) = streams.pending(first.stream, first.group, count=1)
    streams.take_over(first.stream, first.group, second.consumer, [held])
    streams.renew(first.stream, first.group, first.consumer, [entry.entry_id])
    (held,) = streams.pending(first.stream, first.group, count=1)
    assert held.consumer == second.consumer
    streams.renew(first.stream, first.group, second.consumer, [entry.entry_id])
    assert streams.pending(first.stream, first.group, count=1)[0].deliveries == 2


def test_work_that_was_cancelled_in_the_queue_is_not_begun() -> None:
    project = slow_project()
    with unit_of_work() as work:
        cancel_item(work, item_in(work, Item.objects.get(project=project).pk), reason="Not wanted.", by="ann")
    run_to_rest()
    server = agent_server(SLOW)
    with serving(server, relay=False):
        wait_until(lambda: bool(streams.groups(server.stream)) and streams.groups(server.stream)[0].lag == 0, 20)
        wait_until(lambda: streams.groups(server.stream)[0].pending == 0, 20)
    assert begun == []
