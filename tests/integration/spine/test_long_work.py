"""Long work is done once, and what cannot be finished costs only itself."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import project_of
from backlog.services import cancel_project
from backlog.states import ItemState
from events import holding, streams
from events.models import DeadLetter
from tests.flows import item_of, opened, step
from tests.invariants import violations
from tests.processes import running, start
from tests.system import system
from tests.waiting import is_alive, wait_until

pytest_plugins = ["tests.fault_report"]
pytestmark = [
    pytest.mark.spine,
    pytest.mark.faults,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("broker"),
]

# Four times as long as an entry that nobody renews is left alone. LONG_WORK_SECONDS=40 tries the product's own times.
LONG_SECONDS = float(os.environ.get("LONG_WORK_SECONDS", "8"))
RECLAIM_SECONDS = LONG_SECONDS / 4
PATIENCE_SECONDS = 30 + 3 * LONG_SECONDS
STREAM, GROUP = "audit:work:slow_worker", "slow_workers"


@pytest.fixture(autouse=True)
def takes_over_soon(haste: None, settings: Any) -> None:
    """What nobody renews is taken over after a quarter of the time that long work takes."""
    settings.RECLAIM_IDLE_SECONDS = RECLAIM_SECONDS


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where agents note that they began and ended."""
    return tmp_path / "log"


def open_item(log: Path, agent: str = "slow_worker", **told: Any) -> Project:
    """A project whose one item is for a slow agent, opened and dispatched."""
    text = json.dumps({"log": str(log), "how": "sleep", "seconds": 0, **told})
    return opened(step("only", agent_target=agent, max_attempts=1), request_text=text)


def noted(log: Path, word: str) -> list[list[str]]:
    """The notes with this word: when, and by which process."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.split()[1:] for line in lines if line.startswith(word)]


def has_begun(log: Path, times: int = 1) -> Callable[[], bool]:
    return lambda: len(noted(log, "began")) >= times


def is_in(project: Project, state: ItemState) -> Callable[[], bool]:
    return lambda: item_of(project).state == state


def worker(slot: int, agent: str = "slow_worker") -> tuple[str, ...]:
    return ("work", agent, "--slot", str(slot))


def test_an_agent_that_needs_long_runs_once_with_three_workers(log: Path) -> None:
    project = open_item(log, seconds=LONG_SECONDS)
    with system(agents=()), running(*worker(1)), running(*worker(2)), running(*worker(3)):
        wait_until(is_in(project, ItemState.DONE), PATIENCE_SECONDS)
        wait_until(lambda: not violations(), 10)
    assert len(noted(log, "began")) == len(noted(log, "ended")) == 1


def test_the_work_of_a_killed_worker_is_begun_by_another_and_its_own_child_is_gone(log: Path) -> None:
    project = open_item(log, seconds=LONG_SECONDS)
    with system(agents=()):
        first = start(*worker(1))
        wait_until(has_begun(log), 20)
        with running(*worker(2)):
            first.kill()
            killed = time.time()
            wait_until(has_begun(log, 2), PATIENCE_SECONDS)
            begun, child = float(noted(log, "began")[1][0]), int(noted(log, "began")[0][1])
            assert begun - killed < 15
            wait_until(lambda: not is_alive(child))
            wait_until(is_in(project, ItemState.DONE), PATIENCE_SECONDS)
    assert len(noted(log, "ended")) == 1


def test_what_a_frozen_worker_would_have_said_is_dropped_when_it_wakes_up(log: Path) -> None:
    project = open_item(log, seconds=RECLAIM_SECONDS, differs=True)
    with system(agents=()):
        frozen = start(*worker(1))
        wait_until(has_begun(log), 20)
        os.kill(frozen.pid, signal.SIGSTOP)
        with running(*worker(2)):
            wait_until(is_in(project, ItemState.DONE), PATIENCE_SECONDS)
            os.kill(frozen.pid, signal.SIGCONT)
            frozen.terminate()
            frozen.join(10)
            wait_until(lambda: not violations(), 10)
    assert len(noted(log, "began")) == 2
    assert frozen.exitcode == 0
    assert not DeadLetter.objects.exists()


def test_what_was_done_while_the_broker_lost_everything_is_said_all_the_same(log: Path) -> None:
    project = open_item(log, seconds=RECLAIM_SECONDS)
    with system(agents=()), running(*worker(1)):
        wait_until(has_begun(log), 20)
        wait_until(lambda: item_of(project).started_at is not None)
        streams.client().flushdb()
        wait_until(is_in(project, ItemState.DONE), 30)
    assert len(noted(log, "began")) == 1


def test_an_agent_that_holds_the_interpreter_is_ended_at_its_time_and_holds_up_nobody(log: Path) -> None:
    stuck = open_item(log, "hasty_worker", how="hold")
    others = [open_item(log), open_item(log, "hasty_worker")]
    with system(agents=()), running("work", "slow_worker", "hasty_worker"):
        wait_until(is_in(others[0], ItemState.DONE), 20)
        wait_until(is_in(stuck, ItemState.FAILED), 20)
        wait_until(is_in(others[1], ItemState.DONE), 20)
    assert "did not finish within 1 seconds" in item_of(stuck).reason


def test_a_slow_item_does_not_hold_up_its_neighbours(log: Path) -> None:
    slow, *quick = [open_item(log, seconds=seconds) for seconds in (2, 0, 0, 0)]
    with system(agents=()), running(*worker(1)):
        wait_until(lambda: all(item_of(one).state == ItemState.DONE for one in quick), 20)
        assert item_of(slow).state == ItemState.IN_PROGRESS
        assert [held.deliveries for held in streams.pending(STREAM, GROUP, count=10)] == [1]
        wait_until(is_in(slow, ItemState.DONE), PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("how", "reason"),
    [("exit", "exit code 3"), ("segfault", "ended by SIGSEGV"), ("eat", "needs more memory than the 600 MB")],
)
def test_an_item_that_ends_its_process_fails_with_the_reason_and_the_next_is_done(
    log: Path, settings: Any, how: str, reason: str
) -> None:
    settings.AGENT_MEMORY_MB = 600
    bad, good = open_item(log, how=how), open_item(log)
    with system(agents=()), running(*worker(1)) as process:
        wait_until(is_in(bad, ItemState.FAILED), 20)
        wait_until(is_in(good, ItemState.DONE), 20)
        assert process.is_alive()
    assert reason in item_of(bad).reason
    assert not DeadLetter.objects.exists()


def cancel(project: Project) -> None:
    """What a person does who wants it no more."""
    with project_work() as work:
        cancel_project(work, project_of(work, project.pk), reason="Not needed.", by="ann")


def test_work_that_was_cancelled_in_the_queue_is_not_begun(log: Path) -> None:
    streams.ensure_group(STREAM, GROUP)  # until somebody is to read it, a queue is not kept
    log_of_cancelled = log.with_name("cancelled")
    cancelled, other = open_item(log_of_cancelled), open_item(log)
    cancel(cancelled)
    with system(agents=()), running(*worker(1)):
        wait_until(is_in(other, ItemState.DONE), 20)
        wait_until(lambda: not violations(), 10)
    assert noted(log, "began")
    assert not noted(log_of_cancelled, "began")


def test_work_that_is_cancelled_while_it_runs_is_ended(log: Path) -> None:
    project = open_item(log, seconds=60)
    with system(agents=()), running(*worker(1)):
        wait_until(has_begun(log), 20)
        child = int(noted(log, "began")[0][1])
        cancel(project)
        wait_until(lambda: not is_alive(child), 10)
        wait_until(lambda: not violations(), 10)
    assert not noted(log, "ended")


def test_a_worker_told_to_end_leaves_long_work_to_another_at_once_and_counts_no_delivery(
    log: Path, settings: Any
) -> None:
    settings.AGENT_DRAIN_SECONDS = 0.5
    settings.RECLAIM_IDLE_SECONDS = 30.0
    project = open_item(log, seconds=1.5)
    with system(agents=()):
        with running(*worker(1)):
            wait_until(has_begun(log), 20)
        [held] = streams.pending(STREAM, GROUP, count=10)
        assert held.deliveries == 1
        with running(*worker(2)):
            wait_until(has_begun(log, 2), 20)
            wait_until(is_in(project, ItemState.DONE), PATIENCE_SECONDS)
    assert Item.objects.get().attempts == 1


def test_an_entry_that_another_took_over_is_neither_renewed_nor_given_back_by_the_one_that_stood_still(
    log: Path,
) -> None:
    streams.ensure_group(STREAM, GROUP)
    open_item(log)
    [entry] = streams.read_new(STREAM, GROUP, "slow_worker-1", count=1)
    assert holding.renew_held(GROUP, "slow_worker-1", [entry]) == {entry.entry_id}
    # A process that was started again has the same name: the number of deliveries tells them apart.
    streams.take_over(STREAM, GROUP, "slow_worker-1", streams.pending(STREAM, GROUP, count=1))
    assert holding.renew_held(GROUP, "slow_worker-1", [entry]) == set()
    holding.give_back(GROUP, "slow_worker-1", entry)
    [held] = streams.pending(STREAM, GROUP, count=1)
    assert held.deliveries == 2


def test_of_two_who_find_an_entry_idle_one_gets_it(log: Path) -> None:
    streams.ensure_group(STREAM, GROUP)
    open_item(log)
    [entry] = streams.read_new(STREAM, GROUP, "slow_worker-1", count=1)
    holding.give_back(GROUP, "slow_worker-1", entry)
    seen = streams.pending(STREAM, GROUP, count=1, idle_ms=1000)
    taken = [holding.take_over_idle(STREAM, GROUP, f"slow_worker-{n}", seen, idle_ms=1000) for n in (2, 3)]
    assert [len(entries) for entries in taken] == [1, 0]


def test_a_dispatch_that_was_answered_is_not_begun_again_and_one_that_interlock_never_made_is_buried(
    log: Path,
) -> None:
    project = open_item(log)
    [(_, fields)] = streams.client().xrange(STREAM)
    forged = json.loads(fields[b"event"]) | {"event_id": str(uuid4())}
    with system(agents=()), running(*worker(1)):
        wait_until(is_in(project, ItemState.DONE), 20)
        streams.replay(STREAM, fields)
        streams.replay(STREAM, {b"event": json.dumps(forged).encode()})
        wait_until(DeadLetter.objects.exists, 20)
        wait_until(lambda: not violations(dead_letters=1), 10)
    assert "only Interlock itself may dispatch" in DeadLetter.objects.get().reason
    assert len(noted(log, "began")) == 1
