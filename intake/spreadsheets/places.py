"""Limit how many uploads are read at the same time: few over all processes, some more may wait, others are refused.

A place is a locked file: the operating system unlocks the file when its holder ends, also when the holder crashes.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from intake.spreadsheets.sheet import Busy

LONGEST_WAIT_SECONDS = 20.0
ASK_AGAIN_SECONDS = 0.2
# A refused caller is asked to try again after this many seconds.
AGAIN_SECONDS = 10

# True inside a block that holds a place for all that is done with its file.
holds_place: ContextVar[bool] = ContextVar("holds_place", default=False)


@contextmanager
def place_for_file(check: Callable[[], None]) -> Iterator[None]:
    """Hold one place during the block, for everything that reads the file in it. The rest is as in `reading_place`."""
    with reading_place(check):
        token = holds_place.set(True)
        try:
            yield
        finally:
            holds_place.reset(token)


@contextmanager
def reading_place(check: Callable[[], None]) -> Iterator[None]:
    """Hold one of the places for reading during the block, after waiting for it if needed.

    Inside `place_for_file` it is the place that is held already. `check` is called again and again while waiting, and
    may raise to end the wait. Raises Busy if no place is free.
    """
    if holds_place.get():
        yield
        return
    lock_of_place = lock_free_place("reading", settings.SPREADSHEET_LIMITS.at_once)
    if lock_of_place is None:
        lock_of_place = wait_for_place(check)
    try:
        yield
    finally:
        os.close(lock_of_place)


def wait_for_place(check: Callable[[], None]) -> int:
    """Wait and return the lock of a place. Raises Busy if too many wait already or LONGEST_WAIT_SECONDS pass."""
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    waiting = lock_free_place("waiting", settings.SPREADSHEET_LIMITS.waiting)
    if waiting is None:
        raise Busy(busy_words())
    try:
        while time.monotonic() < until:
            check()
            if (lock_of_place := lock_free_place("reading", settings.SPREADSHEET_LIMITS.at_once)) is not None:
                return lock_of_place
            time.sleep(ASK_AGAIN_SECONDS)
        raise Busy(busy_words())
    finally:
        os.close(waiting)


def busy_words() -> str:
    """Return what a caller is told who got no place: when to send the file again."""
    return _("Many files are being read at the moment. Send this one again in %(n)s seconds.") % {"n": AGAIN_SECONDS}


def is_place_free() -> bool:
    """Return True if one more file could be read or wait for it now."""
    limits = settings.SPREADSHEET_LIMITS
    for kind, most in (("reading", limits.at_once), ("waiting", limits.waiting)):
        if (lock_of_place := lock_free_place(kind, most)) is not None:
            os.close(lock_of_place)
            return True
    return False


def lock_free_place(kind: str, most: int) -> int | None:
    """Lock a free place of this kind, of `most` places, and return its file descriptor; None if none is free."""
    for number in range(most):
        lock = os.open(lock_folder() / f"{kind}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        os.close(lock)
    return None


def lock_folder() -> Path:
    """Return the folder of the lock files; create it if it is missing."""
    place = Path(settings.DATA_DIR) / "reading"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place
