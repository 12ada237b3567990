"""Read uploads in a child process: the child parses the file, this process receives the rows as a stream.

Only the child imports the parsers (`reading.py`), so that no other process has to hold them in memory.
"""

import os
import select
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from pathlib import Path
from threading import Event
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from environment import child_python
from environment.spreadsheet_limits import SpreadsheetLimits
from intake.spreadsheets import child
from intake.spreadsheets.answers import require_known_fields
from intake.spreadsheets.describing import Reading
from intake.spreadsheets.places import reading_place
from intake.spreadsheets.rows import TOLD_BY_SOME, Row
from intake.spreadsheets.set_aside import SetAside
from intake.spreadsheets.sheet import MS_PER_MINUTE, Dangerous, NoHeader, RowWarning, Unreadable
from pages.phrases import value_in_words

LOOK_AGAIN_SECONDS = 0.25
CHUNK_BYTES = 1 << 16
# Longer than any row: a row has six cells, each of at most LONGEST_CELL characters.
LONGEST_MESSAGE = 1 << 20

# For reading by columns; more would not read faster what comes in blocks, and each reserves memory.
MOST_THREADS = "2"

# The web server sets this event when the sender of the file has closed the connection: reading then stops.
caller_gone: ContextVar[Event | None] = ContextVar("asker_gone", default=None)


def read_rows(
    file: Path | IO[bytes], *, name: str = "", limit_warnings: int = 100, answers: Mapping[str, str] | None = None
) -> "Ingested":
    """Return the rows of delimited text or of a workbook (XLSX, XLS, ODS), plain or packed, as a stream.

    `file` is a path or an open file with a file descriptor; `name` is the owner's name for the file. `answers`
    settles doubts about the file: {field of the doubt: value of the choice}. Raises Unreadable, at once or while the
    rows are iterated.
    """
    require_known_fields(answers or {})
    return Ingested(child_messages(file, name, limit_warnings, answers or {}))


class Ingested:
    """The rows of one file, to be iterated once.

    `columns` (role → header) and `reading`, with the doubts that are open, are known from the beginning; the counts,
    the warnings and the rows that are set aside are known after the last row. `row_number` is the spreadsheet's own
    number of the row that was returned last, `milliseconds` its exact duration (-1 for none). `messages` are those of
    the child, in the form of `telling.py`.
    """

    def __init__(self, messages: Generator[Any]) -> None:
        self.rows_read = self.row_warnings = self.row_number = self.milliseconds = 0
        self.warnings: list[RowWarning] = []
        self.set_aside = SetAside()
        self._messages = messages
        first = next(self._messages)
        self.columns: dict[str, str] = first["columns"]
        self.reading = Reading.from_json(first["reading"])

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        message = next(self._messages)
        if isinstance(message, dict):
            self.rows_read, self.row_warnings, warnings = message["end"]
            self.warnings = [RowWarning.from_wire(*warning) for warning in warnings]
            self.set_aside = SetAside(**message["set_aside"])
            self.close()
            raise StopIteration
        self.milliseconds, text, category, self.row_number, *details = message
        minutes = self.milliseconds / MS_PER_MINUTE if self.milliseconds >= 0 else None
        row = Row(text=text, category=category, estimated_minutes=minutes, row=self.row_number)
        for key, value in zip(TOLD_BY_SOME, details, strict=True):
            if value:
                row[key] = value  # type: ignore[literal-required]
        return row

    def under_each_choice(self) -> Iterator[tuple[dict[str, str], "Ingested"]]:
        """Yield the further readings of a file in doubt, each with its answers, the rows of this one left out.

        Under each choice of the first doubt there is one, and so on until nothing is in doubt. The same process reads
        all of them: each has to be used before the next is asked for. Raises Unreadable.
        """
        given = (message["given"] for message in self._messages if isinstance(message, dict) and "given" in message)
        for chosen in islice(given, child.MOST_READINGS):
            if chosen is None:
                break
            yield chosen, Ingested(one_reading(self._messages))
        self.close()

    def close(self) -> None:
        """Stop reading and end the child process, unless it has further readings for another one."""
        self._messages.close()


def child_messages(
    file: Path | IO[bytes], name: str, limit_warnings: int, answers: Mapping[str, str]
) -> Generator[Any]:
    """Wait for a place, start the child, and yield its messages in order. Raises Unreadable, or Busy if no place."""
    name = name or (file.name if isinstance(file, Path) else "The file")
    with reading_place(require_sender):
        limits: SpreadsheetLimits = settings.SPREADSHEET_LIMITS
        arguments = (str(limit_warnings), orjson.dumps(dict(answers)), orjson.dumps(limits), "rows")
        with running_child(file, name, *arguments) as output:
            yield from read_messages(output, name, limits.seconds)


def one_reading(messages: Iterator[Any]) -> Generator[Any]:
    """Yield the messages until the end of the reading, and leave those of the next."""
    for message in messages:
        yield message
        if isinstance(message, dict) and "end" in message:
            return


def require_sender() -> None:
    """Raise Unreadable if the sender of the file has closed the connection and no longer needs the rows."""
    gone = caller_gone.get()
    if gone is not None and gone.is_set():
        raise Unreadable(_("The sender of the file closed the connection, so reading was stopped."))


@contextmanager
def running_child(file: Path | IO[bytes], name: str, *arguments: str | bytes) -> Iterator[IO[bytes]]:
    """Run the parsing process during the block and return its standard output; kill the process at the end."""
    path = str(file.resolve()) if isinstance(file, Path) else "/dev/fd/0"
    process = subprocess.Popen(
        [*child_python.COMMAND, child.__file__, path, name, str(os.getpid()), *arguments],
        stdin=subprocess.DEVNULL if isinstance(file, Path) else file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**child_python.variables(), "POLARS_MAX_THREADS": MOST_THREADS},
        bufsize=0,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def read_messages(output: IO[bytes], name: str, seconds: float) -> Iterator[Any]:
    """Yield each message of the child. Raises Unreadable if the child reports a fault, is too slow, or dies early.

    Each reading may take so many seconds. Whoever has what was wanted closes this.
    """
    unfinished, until = bytearray(), time.monotonic() + seconds
    while chunk := next_chunk(output, name, until):
        unfinished += chunk
        *complete_lines, unfinished = unfinished.split(b"\n") if b"\n" in chunk else [unfinished]
        for line in complete_lines:
            message = orjson.loads(line)
            require_no_fault(message, name)
            if isinstance(message, dict) and "given" in message:
                until = time.monotonic() + seconds
            yield message
        if len(unfinished) > LONGEST_MESSAGE:
            break
    words = _(
        "%(file)s takes more memory or time than a list of tasks should: "
        "delete stray cells far below or beside the table, or save the table as CSV (UTF-8)."
    )
    raise Unreadable(words, file=name)


def require_no_fault(message: Any, name: str) -> None:
    """Raise Unreadable if the child's message reports an unreadable file, NoHeader among it, or a fault."""
    if isinstance(message, dict) and "unreadable" in message:
        words, values = message["unreadable"], message["values"]
        values = {key: value_in_words(value) for key, value in values.items()}
        if message.get("reading"):
            unnamed = NoHeader(_(words), **values)
            unnamed.reading = Reading.from_json(message["reading"])
            raise unnamed
        raise (Dangerous if message["dangerous"] else Unreadable)(_(words), **values)
    if isinstance(message, dict) and "fault" in message:
        words = _("%(file)s cannot be read: %(why)s. Open it in Excel and save it again.")
        raise Unreadable(words, file=name, why=message["fault"])


def next_chunk(output: IO[bytes], name: str, until: float) -> bytes:
    """Return more bytes of the child's output; none when the child has ended. Raises Unreadable after `until`."""
    while time.monotonic() < until:
        require_sender()
        if select.select([output], [], [], LOOK_AGAIN_SECONDS)[0]:
            return output.read(CHUNK_BYTES)
    words = _("%(file)s takes too long to read: save the table as CSV (UTF-8), or send a part of it.")
    raise Unreadable(words, file=name)
