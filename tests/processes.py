"""Real processes of the system on the test's database and broker: to be killed, ended and started again."""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from runtime.processes import tied_to_parent
from tests.tally import Tally
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
WARM = multiprocessing.get_context("forkserver")
WARM.set_forkserver_preload(["tests.warm"])
PR_SET_PDEATHSIG = 1
# What a process takes over from the test that starts it.
SHARED_SETTINGS = (
    *("REDIS_URL", "BATCH_SIZE", "MAX_ATTEMPTS", "RECLAIM_IDLE_SECONDS", "RETRY_DELAY_SECONDS"),
    *("RELAY_GRACE_SECONDS", "REPUBLISH_SECONDS", "ITEM_RETRY_SECONDS"),
    *("AGENT_CHILDREN", "AGENT_MEMORY_MB", "AGENT_DRAIN_SECONDS"),
    *("WEBHOOK_RETRY_SECONDS", "WEBHOOK_GIVE_UP_SECONDS", "WEBHOOK_ALLOWED_HOSTS"),
)
# Which arrival at its fault point kills each of a row of processes.
ARRIVALS = (1, 2, 1)
START_SECONDS = 30.0
STOP_SECONDS = 30.0


def start(*command: str, fault_points: dict[str, str] | None = None) -> ForkServerProcess:
    """A manage.py command in a process of its own, forked from a warm one, with the test's settings."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in (addresses() | {"REDIS_URL": os.environ["REDIS_URL"]}).items():
            environment.setenv(name, value)  # one warm process for all tests: not with the broker of this one
        forkserver.ensure_running()
    said = {name: getattr(settings, name) for name in SHARED_SETTINGS} | {"FAULT_POINTS": fault_points or {}}
    process = WARM.Process(target=become, args=(command, said), daemon=True)
    process.start()
    return process


def become(command: Sequence[str], said: dict[str, Any]) -> None:
    """Run the command with these settings; a process forked for it does nothing else."""
    from django.core.management import call_command

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    log = os.open(log_of(os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    for name, value in said.items():
        setattr(settings, name, value)
    call_command(*command)


def log_of(pid: int | None) -> Path:
    """Where the process writes what it has to say."""
    return Path(settings.DATA_DIR) / f"process-{pid}.log"


@contextmanager
def running(*command: str) -> Iterator[ForkServerProcess]:
    """The process while the block runs; then SIGTERM, to which it must answer by ending well."""
    process = start(*command)
    try:
        yield process
        process.terminate()
        process.join(STOP_SECONDS)
        assert process.exitcode == 0, f"{command} ended with {process.exitcode}: {last_words(process)}"
    finally:
        process.kill()


def killed_at(point: str, *command: str, tally: Tally, arrivals: Sequence[int] = ARRIVALS) -> None:
    """Run the command again and again, each time until it has killed itself at the fault point."""
    for arrival in arrivals:
        process = start(*command, fault_points={point: f"kill:{arrival}"})
        wait_until(ended(process, tally), START_SECONDS)
        assert process.exitcode == -signal.SIGKILL, f"ended with {process.exitcode}: {last_words(process)}"
        tally.killed()


def ended(process: ForkServerProcess, tally: Tally) -> Callable[[], bool]:
    """Whether the process has ended; each look at it also looks whether earlier kills have been recovered from."""

    def look() -> bool:
        tally.look()
        return not process.is_alive()

    return look


def last_words(process: ForkServerProcess) -> str:
    """The end of what the process said."""
    log = log_of(process.pid)
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log.exists() else "it said nothing"


# -- where they find the test's parts --------------------------------------------------------------
def addresses() -> dict[str, str]:
    """The environment in which a process finds the test's settings, database and broker."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings_for_tests",
        "PYTHONPATH": path.rstrip(os.pathsep),
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
    }


def database_url() -> str:
    """The DATABASE_URL of the test's own database."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{found['NAME']}").geturl()


def manage(*command: str) -> subprocess.Popen[str]:
    """A command as an operator starts it, from nothing; it does not outlive the test."""
    argv = tied_to_parent([sys.executable, str(ROOT / "manage.py"), *command])
    with (Path(settings.DATA_DIR) / f"{command[0]}.log").open("a") as log:
        return subprocess.Popen(argv, env={**os.environ, **addresses()}, stdout=log, stderr=log, text=True)
