"""Reads uploads outside of this process: a child parses, this side takes the rows as they come."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Event
from typing import IO, Any

import orjson

from intake.spreadsheets import child
from intake.spreadsheets.places import place
from intake.spreadsheets.reading import RowWarning
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import Unreadable

# From the beginning to the last row, however much the child has to say.
LONGEST_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.25
CHUNK_BYTES = 1 << 16
# A row of three cells, each as long as a cell may be, is shorter.
LONGEST_MESSAGE = 1 << 20

# Set once whoever sent the file is gone: nobody needs the rows then.
asker_gone: ContextVar[Event | None] = ContextVar("asker_gone", default=None)


def read_rows(file: Path | IO[bytes], *, name: str = "", limit_warnings: int = 100) -> "Ingested":
    """The rows of a CSV file (plain or gzipped) or Excel workbook, streamed. Raises Unreadable, also on the way.

    `file` is a path or an open file of the system; `name` is what its owner calls it.
    """
    return Ingested(file, name, limit_warnings)


class Ingested:
    """Rows as they are read, once. `columns` is known at once, the counts and warnings when all rows are read.

    `row_number` is the last row's, as the spreadsheet counts it.
    """

    def __init__(self, file: Path | IO[bytes], name: str, limit_warnings: int) -> None:
        self.rows_read = self.row_warnings = self.row_number = 0
        self.warnings: list[RowWarning] = []
        self._messages = messages(file, name, limit_warnings)
        self.columns: dict[str, str] = next(self._messages)["columns"]

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        message = next(self._messages)
        if isinstance(message, dict):
            self.rows_read, self.row_warnings, warnings = message["end"]
            self.warnings = [RowWarning(*warning) for warning in warnings]
            self.close()
            raise StopIteration
        text, category, minutes, self.row_number = message
        return Row(text=text, category=category, estimated_minutes=minutes)

    def close(self) -> None:
        """Read no further; the child ends."""
        self._messages.close()


def messages(file: Path | IO[bytes], name: str, limit_warnings: int) -> Generator[Any]:
    """What the child says, in order. Raises Unreadable."""
    name = name or (file.name if isinstance(file, Path) else "The file")
    with place(require_asker):
        until = time.monotonic() + LONGEST_SECONDS
        with reading(file, name, limit_warnings) as said:
            yield from heard(said, name, until)


def require_asker() -> None:
    """Raise Unreadable if nobody waits for the rows any more."""
    gone = asker_gone.get()
    if gone is not None and gone.is_set():
        raise Unreadable("Whoever sent the file is gone.")


@contextmanager
def reading(file: Path | IO[bytes], name: str, limit_warnings: int) -> Iterator[IO[bytes]]:
    """What the parsing process says; it ends with the block."""
    path = str(file.resolve()) if isinstance(file, Path) else "/dev/fd/0"
    process = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", child.__file__, path, name, str(os.getpid()), str(limit_warnings)],
        stdin=subprocess.DEVNULL if isinstance(file, Path) else file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ},
        bufsize=0,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def heard(said: IO[bytes], name: str, until: float) -> Iterator[Any]:
    """Each message of the child. Raises Unreadable if it reports a fault, takes too long, or dies before the end."""
    rest = bytearray()
    while chunk := next_chunk(said, name, until):
        rest += chunk
        *whole, last = rest.split(b"\n") if b"\n" in chunk else [rest]
        rest = last
        for line in whole:
            message = orjson.loads(line)
            refuse_faults(message, name)
            yield message
            if isinstance(message, dict) and "end" in message:
                return
        if len(rest) > LONGEST_MESSAGE:
            break
    raise Unreadable(
        f"{name} takes more memory or time than a list of tasks should: "
        "delete stray cells far below or beside the table, or save the table as CSV (UTF-8)."
    )


def refuse_faults(message: Any, name: str) -> None:
    """Raise Unreadable for what the child says instead of rows."""
    if isinstance(message, dict) and "unreadable" in message:
        raise Unreadable(message["unreadable"])
    if isinstance(message, dict) and "fault" in message:
        raise Unreadable(f"{name} cannot be read: {message['fault']}. Open it in Excel and save it again.")


def next_chunk(said: IO[bytes], name: str, until: float) -> bytes:
    """More of what the child says; nothing when it has ended. Raises Unreadable when the time is over."""
    while time.monotonic() < until:
        require_asker()
        if select.select([said], [], [], LOOK_AGAIN_SECONDS)[0]:
            return said.read(CHUNK_BYTES)
    raise Unreadable(f"{name} takes too long to read: save the table as CSV (UTF-8), or send a part of it.")
