"""A child process does one item after the other, and whatever happens to it costs only the item in hand."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import ROOM, is_alive, wait_until
from workers.contract import DataInsufficient, Missing, Result, ToolFailure
from workers.errand import Errand
from workers.pool import AgentTimedOut, ChildDied, GivenUp, Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def errand(log: Path, **told: Any) -> Errand:
    """An item for the slow agent."""
    text = json.dumps({"log": str(log), "how": "sleep", "seconds": 0, **told})
    return Errand("slow_worker", "tests.slow_agents", {"request_text": text})


def run(pool: Pool, task: Errand, seconds: float = 20.0, unwanted: bool = False) -> Result:
    return pool.run(task, seconds=seconds, progressed=lambda done, total: None, is_unwanted=lambda: unwanted)


def child_of(log: Path) -> int:
    """The process that began last."""
    return int([line for line in log.read_text().splitlines() if line.startswith("began")][-1].split()[2])


def test_a_child_does_many_items(pool: Pool, log: Path) -> None:
    for _ in range(3):
        run(pool, errand(log))
    assert len({line.split()[2] for line in log.read_text().splitlines()}) == 1


def test_another_project_in_the_current_folder_is_not_taken_for_the_agents(
    pool: Pool, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "__init__.py").write_text("raise SystemExit('the workers of another project')")
    monkeypatch.chdir(tmp_path)
    run(pool, errand(log))


def test_a_child_that_is_not_done_in_time_is_gone_when_that_is_said(pool: Pool, log: Path) -> None:
    run(pool, errand(log))  # the child is there: its start takes nothing of the half second
    with pytest.raises(AgentTimedOut, match="did not finish within 0.5 seconds"):
        run(pool, errand(log, how="hold"), seconds=0.5)
    assert not is_alive(child_of(log))
    run(pool, errand(log))


def test_a_child_whose_work_nobody_wants_any_more_is_gone(pool: Pool, log: Path) -> None:
    with pytest.raises(GivenUp):
        run(pool, errand(log, seconds=60), unwanted=True)
    wait_until(lambda: not log.exists() or not is_alive(child_of(log)))


@pytest.mark.parametrize(("how", "words"), [("exit", "exit code 3"), ("segfault", "SIGSEGV")])
def test_a_child_that_ends_in_the_middle_is_a_failure_with_a_reason(
    pool: Pool, log: Path, how: str, words: str
) -> None:
    with pytest.raises(ChildDied, match=words):
        run(pool, errand(log, how=how))
    run(pool, errand(log))


def test_a_child_that_died_while_nobody_needed_it_is_replaced(pool: Pool, log: Path) -> None:
    run(pool, errand(log))
    os.kill(child_of(log), signal.SIGKILL)
    wait_until(lambda: not is_alive(child_of(log)))
    run(pool, errand(log))


def test_when_the_process_that_starts_children_dies_another_does_it(pool: Pool, log: Path) -> None:
    run(pool, errand(log))
    first = child_of(log)
    process = pool.nursery._process
    assert process is not None
    process.kill()
    process.wait()
    wait_until(lambda: not is_alive(first))
    run(pool, errand(log))
    assert child_of(log) != first


def test_children_work_at_the_same_time(pool: Pool, log: Path) -> None:
    # Each ends only once all four have begun.
    meeting = errand(log, how="meet", number=4, seconds=20 * ROOM)
    threads = [threading.Thread(target=run, args=(pool, meeting, 30 * ROOM)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.read_text().count("ended") == 4


def test_what_an_agent_raises_comes_back(pool: Pool, tmp_path: Path) -> None:
    rows = [{"text": "Pay", "estimated_minutes": 60}]
    with pytest.raises(Missing) as asked:
        run(
            pool,
            Errand("cost_worker", "workers.agents.cost_worker", {"rows": rows, "period": "month", "currency": "EUR"}),
        )
    assert list(asked.value.fields) == ["hourly_rate"]
    with pytest.raises(ToolFailure) as failed:
        run(pool, Errand("slow_worker", "tests.slow_agents", {"request_text": "no JSON"}))
    assert "JSONDecodeError" in failed.value.__notes__[0]
    packed = tmp_path / "packed"
    packed.write_bytes(b"no gzip at all")
    with pytest.raises(ToolFailure, match="Not a gzipped file"):
        run(pool, Errand("generic_worker", "workers.agents", {}, deliverables_at=packed))
    packed.write_bytes(b'"' + b"0" * (2 << 20))
    with pytest.raises(DataInsufficient, match="A row takes more than"):
        run(pool, Errand("time_waste_worker", "workers.agents", {}, rows_at=packed, rows_total=1))


def test_progress_is_heard_while_the_agent_runs(pool: Pool) -> None:
    heard: list[tuple[int, int]] = []
    rows = [{"text": "Pay", "estimated_minutes": 1}] * 10_000
    task = Errand("time_waste_worker", "workers.agents.time_waste_worker", {"rows": rows})
    result = pool.run(task, seconds=30, progressed=lambda *at: heard.append(at), is_unwanted=lambda: False)
    assert result.content["rows"] == 10_000
    assert heard == [(1_000 * n, 10_000) for n in range(1, 11)]
