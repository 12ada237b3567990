"""Shows that the loops of a process turn: a small file in the data folder, which `manage.py health --kind` reads.

A file and not a key in the broker, since it must not say ill while the broker or the database is away: a restart would
not help. A thread writes it every WRITE_EVERY_SECONDS. A process that is frozen or gets no time writes nothing. A loop
that stands still is named in the file, if database and broker have answered meanwhile: then it is stuck, and waits for
neither. The process holds a lock on its file, which the system ends with it, so a file of a dead process is known.

The keeper (`runtime/keeper.py`) imports this module: it needs the standard library only.
"""

import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

FOLDER = "alive"
# The role of the process that keeps all others (`manage.py up`): to ask for it is to ask for all of them.
UP = "up"
WRITE_EVERY_SECONDS = 2.0
# A loop that has not turned for so long does something else than its work: SQLite waits up to 30 s for a writer, and
# the largest batch takes a few seconds.
STUCK_SECONDS = 120.0
# A loop is stuck only if database and broker have answered for so long: one that waited for them goes on by then.
ANSWERING_SECONDS = 15.0
# The file keeps its length, so that it can be written while the disk has no room.
LENGTH = 4000
# Files that have not been written for so long are of machines that are gone; of this one, `health` removes them itself.
OLD_SECONDS = 24 * 3600.0

# {name of a loop of this process: time of its last turn, by the monotonic clock}
turns: dict[str, float] = {}


def turn(loop: str) -> None:
    """Note that the loop turns; costs nothing, so call it at each turn, and at each try during an outage."""
    turns[loop] = time.monotonic()


def end(loop: str) -> None:
    """Note that the loop has ended as it should."""
    turns.pop(loop, None)


class Heartbeat:
    """Writes this process's file while the block runs; `roles` are what `health --kind` may ask for.

    `answers` is called only while a loop stands still: True if database and broker answer. `stuck_seconds` is the
    longest that a loop may stand still.
    """

    def __init__(
        self,
        data_folder: Path,
        roles: Sequence[str],
        *,
        answers: Callable[[], bool] = lambda: True,
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self.path = data_folder / FOLDER / f"{socket.gethostname()} {os.getpid()}"
        self.roles, self.answers, self.stuck_seconds = list(roles), answers, stuck_seconds
        self._over = threading.Event()
        self._file = -1
        self._answering_since: float | None = None
        self._has_warned = False
        self._thread = threading.Thread(target=self._write_until_over, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        """Write the file and start the thread; where no file can be written a warning is logged, and the block runs."""
        try:
            self._file = self._open()
        except OSError as error:
            logger.warning("%s cannot be written (%s): `health` does not see this process", self.path, error)
        else:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop the thread and remove the file."""
        if self._file >= 0:
            self._over.set()
            self._thread.join()
            self.path.unlink(missing_ok=True)
            os.close(self._file)

    def _open(self) -> int:
        """Return the descriptor of the locked file; it gets its name when it is locked and written."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_old(self.path.parent)
        unnamed = self.path.with_name(f".{self.path.name}")
        file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(file, self._text(), 0)
            unnamed.rename(self.path)
        except OSError:
            os.close(file)
            raise
        return file

    def _write_until_over(self) -> None:
        """Write again and again; what cannot be written is logged once."""
        while not self._over.wait(WRITE_EVERY_SECONDS):
            try:
                os.pwrite(self._file, self._text(), 0)
            except OSError as error:
                if not self._has_warned:
                    logger.warning("%s cannot be written: %s", self.path, error)
                self._has_warned = True

    def _text(self) -> bytes:
        """Return the content: process, roles, the loops that are stuck, and the time by the monotonic clock."""
        content = {"process": os.getpid(), "roles": self.roles, "stuck": self._stuck(), "at": time.monotonic()}
        return json.dumps(content).encode().ljust(LENGTH)

    def _stuck(self) -> dict[str, int]:
        """Return {loop: seconds since its last turn} of those that stand still while database and broker answer."""
        now = time.monotonic()
        still = {loop: int(now - at) for loop, at in list(turns.items()) if now - at > self.stuck_seconds}
        if not still or not self.answers():
            self._answering_since = None
            return {}
        self._answering_since = self._answering_since or now
        return still if now - self._answering_since >= ANSWERING_SECONDS else {}


def remove_old(folder: Path) -> None:
    """Remove the files of processes that ended a day ago or earlier, so that they do not gather."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                path.unlink()
