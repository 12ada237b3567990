"""Starts and ends child processes: none outlives its parent, and none can refuse to end."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LAUNCHER = Path(__file__).with_name("launch.py")


def tied_to_parent(command: Sequence[str]) -> list[str]:
    """Return the command, wrapped so that it gets SIGTERM when its parent dies (Linux; unchanged elsewhere).

    Linux sends it when the thread ends that started the child: start children from a thread that lives as long as the
    process.
    """
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *command]


def wait_or_kill(process: subprocess.Popen[Any], *, seconds: float) -> int:
    """Return the exit code; a child still alive after `seconds` is killed with its whole process group."""
    try:
        return process.wait(timeout=max(0.0, seconds))
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
