"""Waiting for what has to happen, instead of for a time."""

import time
from collections.abc import Callable
from pathlib import Path

# A busy machine takes several times as long as a quiet one, for which tests name their seconds.
ROOM = 4.0
# Seconds from one look to the next. A look may cost a dozen queries: one that was in vain for long is made more seldom.
SHORTEST_PAUSE, LONGEST_PAUSE, PAUSE_SHARE = 0.02, 0.25, 0.05


def wait_until(happens: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return as soon as the predicate holds; fail the test when it does not in several times these seconds."""
    begun = time.monotonic()
    while not happens():
        waited = time.monotonic() - begun
        assert waited < ROOM * seconds, f"It did not happen within {ROOM * seconds} s."
        time.sleep(min(max(SHORTEST_PAUSE, PAUSE_SHARE * waited), LONGEST_PAUSE))


def is_alive(pid: int) -> bool:
    """Whether the process still runs (one that ended but was not waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
