"""Who may read an upload now: two at once over all processes, a few that wait, and no more.

A place is a locked file: the system unlocks it when its holder ends, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from intake.spreadsheets.sheet import Busy

AT_ONCE = 2
# Each holds a thread of the web server while it waits.
WAITING = 4
LONGEST_WAIT_SECONDS = 20.0
ASK_AGAIN_SECONDS = 0.05
# When a caller who was sent away may come again.
AGAIN_SECONDS = 10


@contextmanager
def place(check: Callable[[], None]) -> Iterator[None]:
    """Hold one of the places while a file is read. Raises Busy, and whatever `check` raises while it waits."""
    held = taken("reading", AT_ONCE)
    if held is None:
        held = in_line(check)
    try:
        yield
    finally:
        os.close(held)


def in_line(check: Callable[[], None]) -> int:
    """Wait for a place, in one of the few where waiting is allowed. Raises Busy."""
    waiting, until = taken("waiting", WAITING), time.monotonic() + LONGEST_WAIT_SECONDS
    if waiting is None:
        raise busy()
    try:
        while time.monotonic() < until:
            check()
            if (held := taken("reading", AT_ONCE)) is not None:
                return held
            time.sleep(ASK_AGAIN_SECONDS)
        raise busy()
    finally:
        os.close(waiting)


def busy() -> Busy:
    """What somebody is told for whom there is no place."""
    return Busy(
        _("Many files are being read at the moment. Send this one again in %(n)s seconds.") % {"n": AGAIN_SECONDS}
    )


def taken(kind: str, most: int) -> int | None:
    """The lock of a free place; None where all are taken."""
    for number in range(most):
        lock = os.open(folder() / f"{kind}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        os.close(lock)
    return None


def folder() -> Path:
    """Where the locks are."""
    place = Path(settings.DATA_DIR) / "reading"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place
