"""The keeper: small, without Django, and from the process it replaces it takes over signals, lock and process id."""

import http.server
import io
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.embedded import Reach, server_program, try_lock
from runtime.keeper import EmbeddedBroker, Opening, Plan, WebDoesNotStart
from runtime.supervisor import Child, Supervisor
from tests.processes import ROOT
from tests.waiting import ROOM, wait_until

SLEEPING = Child("web", [sys.executable, "-c", "import time; time.sleep(60)"])
ENDING = Child("web", [sys.executable, "-c", "raise SystemExit(3)"])
# Becomes the keeper of the plan in the file that it is given, after a line of its own.
BECOMING = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from runtime.embedded import lock_folder
from runtime.keeper import Plan, become_keeper
from runtime.supervisor import hold_signals
hold_signals()
with open(sys.argv[1]) as file:
    plan = Plan.read(file)
lock = lock_folder(Path(plan.data_dir) / "up.lock")
{meanwhile}
become_keeper(replace(plan, lock=lock))
"""


def plan(folder: Path, children: Sequence[Child] = (), **changed: Any) -> Plan:
    """A plan of these children, without broker and web."""
    made = Plan(
        children=list(children),
        broker=None,
        web=None,
        host_name="localhost",
        data_dir=str(folder),
        lock=-1,
        log_form="text",
        log_level="WARNING",
    )
    return replace(made, **changed)


@contextmanager
def keeping(plan: Plan, *, meanwhile: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process that becomes the keeper of this plan."""
    path = Path(plan.data_dir) / "plan"
    with path.open("w") as file:
        plan.write(file)
    command = [sys.executable, "-c", BECOMING.format(meanwhile=meanwhile), str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def free_address() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_the_keeper_loads_the_standard_library_and_three_rooms_only() -> None:
    code = "import sys, json, runtime.keeper; print(json.dumps([m for m in sys.modules]))"
    plain, with_keeper = (
        set(json.loads(subprocess.check_output([sys.executable, "-c", words], cwd=ROOT)))
        for words in (code.replace(", runtime.keeper", ""), code)
    )
    loaded = {name.partition(".")[0] for name in with_keeper - plain}
    assert loaded - sys.stdlib_module_names == {"runtime", "environment", "telemetry"}


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    broker = EmbeddedBroker(str(tmp_path), "/usr/bin/valkey", Reach(6379, password="p@ss “word”"))
    written = plan(tmp_path, [Child("one", ["a", "b"], {"C": "d"})], broker=broker, web="[::1]:80", traceback=True)
    file = io.StringIO()
    written.write(file)
    assert Plan.read(file) == written


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_before_the_keeper_is_there_ends_the_system_in_good_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    with keeping(plan(tmp_path, [SLEEPING]), meanwhile=f"os.kill(os.getpid(), {int(number)})") as process:
        said, complained = process.communicate(timeout=ROOM * 60)
    assert (process.returncode, said, complained) == (0, "Interlock is down\n", "")


def test_the_keeper_has_the_process_id_the_lock_and_the_command_line_of_before(tmp_path: Path) -> None:
    with keeping(plan(tmp_path, [SLEEPING])) as process:
        assert process.stdout
        assert process.stdout.readline() == f"Interlock is up; data in {tmp_path}\n"
        assert (tmp_path / "up.lock").read_text() == str(process.pid)
        with (tmp_path / "up.lock").open() as lock:
            assert not try_lock(lock.fileno())
            assert Path(f"/proc/{process.pid}/cmdline").read_bytes().endswith(f"{tmp_path / 'plan'}\0".encode())
            process.terminate()
            assert process.communicate(timeout=ROOM * 60) == ("Interlock is down\n", "")
            assert try_lock(lock.fileno())


def test_a_web_that_does_not_start_ends_the_system_with_a_sentence(tmp_path: Path) -> None:
    with keeping(plan(tmp_path, [ENDING], web=free_address())) as process:
        said, complained = process.communicate(timeout=ROOM * 60)
    *warnings, last = complained.splitlines()
    assert (process.returncode, said) == (1, "")
    assert last.startswith("CommandError: The web process does not start; the lines that begin with “web” say why.")
    assert len(warnings) == 3
    assert all(" WARNING runtime.supervisor web ended with code 3; it starts" in line for line in warnings)


@pytest.mark.parametrize("traceback", [False, True])
def test_a_broker_that_does_not_start_is_a_sentence_and_a_traceback_for_who_asks(
    tmp_path: Path, traceback: bool
) -> None:
    broker = EmbeddedBroker(str(tmp_path / "broker"), sys.executable, Reach())
    with keeping(plan(tmp_path, broker=broker, traceback=traceback)) as process:
        said, complained = process.communicate(timeout=ROOM * 60)
    assert (process.returncode, said) == (1, "")
    assert "The embedded Valkey server ended while it started." in complained
    assert ("Traceback" in complained) == traceback


def test_the_brokers_password_is_in_no_command_line(tmp_path: Path) -> None:
    port = int(free_address().rpartition(":")[2])
    broker = EmbeddedBroker(str(tmp_path / "broker"), server_program(), Reach(port, password="geheim"))
    with keeping(plan(tmp_path, broker=broker)) as process:
        assert process.stdout
        process.stdout.readline()
        lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (process.pid, *children_of(process.pid))]
        assert len(lines) == 2
        assert not any(b"geheim" in line for line in lines)


def test_a_reader_of_the_output_who_leaves_ends_the_system_without_a_traceback(tmp_path: Path) -> None:
    with keeping(plan(tmp_path, [SLEEPING])) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        process.terminate()
        assert (process.wait(ROOM * 60), process.stderr.read()) == (1, "")


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(word) for thread in threads for word in (thread / "children").read_text().split()]


def test_the_system_is_told_to_be_up_once_its_pages_answer_and_once_only(tmp_path: Path) -> None:
    said, web = list[str](), free_address()
    with Supervisor([SLEEPING]) as supervisor:
        opening = Opening(supervisor, plan(tmp_path, web=web), said.append)
        opening.look()
        assert said == []
        where = ("127.0.0.1", int(web.rpartition(":")[2]))
        with http.server.ThreadingHTTPServer(where, http.server.SimpleHTTPRequestHandler) as pages:
            threading.Thread(target=pages.serve_forever).start()
            opening.look()
            opening.look()
            pages.shutdown()
    assert said == [f"Interlock is up at http://{web}/ (staff: /admin/); data in {tmp_path}"]


def test_a_web_that_ends_again_and_again_before_its_first_page_is_an_error(tmp_path: Path) -> None:
    with Supervisor([ENDING]) as supervisor:
        opening = Opening(supervisor, plan(tmp_path, web=free_address()), print)
        with pytest.raises(WebDoesNotStart):
            supervisor.run_until(threading.Event(), each_turn=opening.look)
    wait_until(lambda: supervisor.pids == {})
