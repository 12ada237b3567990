"""`manage.py up` as a process: small, ended in good order at any moment, and everything it keeps comes back."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from environment.broker import socket_path
from runtime.embedded import answers_ping
from runtime.processes import tied_to_parent
from runtime.system import system_processes
from tests.copying import migrated_in
from tests.processes import ROOT, STOP_SECONDS
from tests.waiting import is_alive, wait_until

HEREABOUTS = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE")
# The process needs about 20 MB, with Django it would need 120; all without the broker need about 200 with one core, and
# 290 with more.
MOST_MB, MOST_MB_IN_ALL = 40, 350
# Shows that a first start has begun to migrate.
FIRST_MIGRATED = "interlock.sqlite3"
# The processes that say at their start which slot they have.
STARTED = len(system_processes(web=None))


@contextmanager
def starting(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The system as an operator starts it, without web and with all it has in the folder."""
    # As installed without the extra `otel`: where it is there, the client of the broker imports it too.
    (folder / "opentelemetry.py").write_text("raise ImportError('not installed')\n")
    here = {"DATA_DIR": str(folder), "PYTHONPATH": str(folder)}
    env = {name: value for name, value in os.environ.items() if name not in HEREABOUTS} | here
    command = tied_to_parent([sys.executable, str(ROOT / "manage.py"), "up", "--no-web"])
    with (folder / "log").open("w") as log:
        system = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        yield system
    finally:
        system.terminate()
        system.wait(STOP_SECONDS)


def said(folder: Path) -> str:
    """What the system has written so far."""
    return (folder / "log").read_text()


def processes_of(pid: int) -> dict[str, int]:
    """{what it is: process id} of the processes that the keeper has started: "core", "work", "valkey-server"."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    pids = [int(word) for thread in threads for word in (thread / "children").read_text().split()]
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in pids}
    kinds = {pid: re.search(r"valkey-server|(?<=manage\.py\0)\w+", line) for pid, line in lines.items()}
    return {kind.group(): pid for pid, kind in kinds.items() if kind}


def memory(pid: int) -> float:
    """The megabytes of memory that the process has."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are read from /proc")
def test_the_running_system_is_small_and_brings_back_what_dies(django_db_setup: None, tmp_path: Path) -> None:
    migrated_in(tmp_path)
    with starting(tmp_path) as system:
        wait_until(lambda: said(tmp_path).count("slot 1") == STARTED, 60)
        assert f"Interlock is up; data in {tmp_path}\n" in said(tmp_path)
        assert memory(system.pid) < MOST_MB
        before = processes_of(system.pid)
        of_ours = [pid for kind, pid in before.items() if kind != "valkey-server"]
        assert memory(system.pid) + sum(memory(pid) for pid in of_ours) < MOST_MB_IN_ALL
        for kind in ("valkey-server", "work"):
            os.kill(before[kind], signal.SIGKILL)
        wait_until(lambda: said(tmp_path).count("slot 1") == STARTED + 1, 60)
        after = processes_of(system.pid)
        assert {kind for kind in before if before[kind] != after[kind]} == {"valkey-server", "work"}
        assert answers_ping(socket_path(tmp_path / "valkey"))
    assert system.returncode == 0, said(tmp_path)
    assert re.search(r"WARNING runtime\.supervisor workers-1 ended with code -9; it starts again in", said(tmp_path))
    assert said(tmp_path).endswith("Interlock is down\n")
    assert not any(is_alive(pid) for pid in after.values())


@pytest.mark.parametrize("sign", ["up.lock", FIRST_MIGRATED, "valkey/lock"])
def test_a_signal_in_the_middle_of_the_start_ends_it_in_good_order(
    django_db_setup: None, tmp_path: Path, sign: str
) -> None:
    if sign != FIRST_MIGRATED:
        migrated_in(tmp_path)
    with starting(tmp_path) as system:
        wait_until(lambda: system.poll() is not None or (tmp_path / sign).exists(), 60)
        system.terminate()
        assert system.wait(STOP_SECONDS * 2) == 0, said(tmp_path)
    assert said(tmp_path).endswith("Interlock is down\n")
    assert "Traceback" not in said(tmp_path)
