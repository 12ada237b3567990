"""The supervisor: children are kept running, are heard, and end together."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.processes import LAUNCHER
from runtime.supervisor import LONGEST_DELAY_SECONDS, Child, Supervisor, restart_delay
from tests.waiting import is_alive, wait_until

SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); import time; time.sleep(60)"
PARENT = """
import sys, threading
from runtime.supervisor import Child, Supervisor, stop_on_signals
stop = threading.Event()
stop_on_signals(stop)
with Supervisor([Child("napper", [sys.executable, "-c", "import time; time.sleep(60)"])]) as supervisor:
    print(supervisor.pids["napper"], flush=True)
    supervisor.run_until(stop)
    print(supervisor.stop(), flush=True)
"""


def python(name: str, code: str, **env: str) -> Child:
    return Child(name, [sys.executable, "-c", code], env)


def run_until(supervisor: Supervisor, happens: Callable[[], bool]) -> None:
    """Lets the supervisor work until the predicate holds."""
    stop = threading.Event()
    deadline = time.monotonic() + 10.0
    supervisor.run_until(stop, each_turn=lambda: stop.set() if happens() or time.monotonic() > deadline else None)
    assert happens()


def test_each_line_of_output_carries_the_name_of_its_child() -> None:
    shown = io.StringIO()
    children = [
        python("one", "print('first\\nsecond'); " + SLEEP),
        python("other", f"print('third'); {SLEEP}"),
    ]
    with Supervisor(children, output=shown):
        wait_until(lambda: shown.getvalue().count("\n") == 3)
    assert sorted(shown.getvalue().splitlines()) == ["one   | first", "one   | second", "other | third"]


def test_with_a_log_folder_each_child_writes_its_own_file(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "one.log"
    with Supervisor([python("one", f"print('said'); {SLEEP}")], log_dir=tmp_path / "logs"):
        wait_until(lambda: log.exists() and log.read_text() == "said\n")


def test_a_child_gets_its_own_variables_beside_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "a")
    shown = io.StringIO()
    code = f"import os; print(os.environ['OURS'] + os.environ['ITS_OWN']); {SLEEP}"
    with Supervisor([python("one", code, ITS_OWN="b")], output=shown):
        wait_until(lambda: "ab" in shown.getvalue())


def test_a_child_that_is_killed_comes_back_and_its_neighbour_stays() -> None:
    with Supervisor([python("victim", SLEEP), python("neighbour", SLEEP)]) as supervisor:
        before = supervisor.pids
        os.kill(before["victim"], signal.SIGKILL)
        run_until(supervisor, lambda: supervisor.pids.get("victim", before["victim"]) != before["victim"])
        assert supervisor.pids["neighbour"] == before["neighbour"]


def test_a_child_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    code = f"import time; print(time.time(), file=open({str(starts)!r}, 'a'))"
    with Supervisor([python("broken", code)]) as supervisor:
        run_until(supervisor, lambda: starts.exists() and len(starts.read_text().split()) >= 4)
    times = [float(line) for line in starts.read_text().split()]
    assert times[3] - times[2] > times[1] - times[0]


@pytest.mark.parametrize("deaths", [1, 2, 5, 10_000])
def test_the_wait_before_a_restart_has_a_floor_a_ceiling_and_jitter(deaths: int) -> None:
    waits = {restart_delay(deaths) for _ in range(200)}
    assert 0.2 <= min(waits) < max(waits) <= LONGEST_DELAY_SECONDS


def test_a_command_that_does_not_exist_does_not_stop_the_others() -> None:
    with Supervisor([Child("missing", ["/no/such/program"]), python("one", SLEEP)]) as supervisor:
        wait_until(lambda: set(supervisor.pids) == {"one"})


def test_stopping_ends_every_child_and_tells_how(tmp_path: Path) -> None:
    polite = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); print('ready'); " + SLEEP
    supervisor = Supervisor([python("polite", polite), python("plain", SLEEP)], log_dir=tmp_path)
    with supervisor:
        pids = supervisor.pids
        wait_until(lambda: (tmp_path / "polite.log").read_text() == "ready\n")
        assert supervisor.stop() == {"polite": 0, "plain": -signal.SIGTERM}
    assert not any(is_alive(pid) for pid in pids.values())


def test_a_child_that_ignores_sigterm_is_killed_with_its_own_children(tmp_path: Path) -> None:
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid); {STUBBORN}"
    supervisor = Supervisor([python("stubborn", code)], log_dir=tmp_path)
    with supervisor:
        wait_until(lambda: "deaf" in (tmp_path / "stubborn.log").read_text())
        assert supervisor.stop(timeout=0.3) == {"stubborn": -signal.SIGKILL}
    grandchild = int((tmp_path / "stubborn.log").read_text().split()[0])
    wait_until(lambda: not is_alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_good_order(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline()) if parent.stdout else 0
        parent.send_signal(number)
        assert parent.communicate(timeout=10)[0] == "{'napper': -15}\n"
    assert parent.returncode == 0
    assert not is_alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel tells a child of its parent's death")
def test_children_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline()) if parent.stdout else 0
        parent.kill()
        wait_until(lambda: not is_alive(child))


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel tells a child of its parent's death")
def test_a_child_whose_parent_is_gone_already_does_not_begin() -> None:
    command = [sys.executable, str(LAUNCHER), "1", sys.executable, "-c", "print('begun')"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "has ended" in done.stderr
