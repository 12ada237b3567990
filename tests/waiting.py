"""Waiting for what has to happen, instead of for a time."""

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(happens: Callable[[], bool], seconds: float = 10.0) -> None:
    """Returns as soon as the predicate holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"It did not happen within {seconds} s."
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process still runs (one that ended but was not waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
