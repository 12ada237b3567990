"""Read a whole file into a Parquet file, or into its sums, through the child process: no row passes this process."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings

from environment.spreadsheet_limits import SpreadsheetLimits
from intake.spreadsheets.answers import require_known_fields
from intake.spreadsheets.describing import Reading
from intake.spreadsheets.outside import next_chunk, require_no_fault, require_sender, running_child
from intake.spreadsheets.places import reading_place
from intake.spreadsheets.rows import Row
from intake.spreadsheets.set_aside import SetAside
from intake.spreadsheets.sheet import RowWarning


class ColumnsFailed(Exception):
    """The process that reads by columns failed or ended early: `read_rows` reads the file, or says what is wrong."""


@dataclass
class Stored:
    """What was read from a file. While `reading` has doubts, nothing was stored and nothing is counted.

    Durations are whole milliseconds; `breakdown` has them by category. `by_day` counts the rows of each day (ISO date),
    and `people` names who did them. `first` are the first rows, for a preview.
    """

    columns: dict[str, str]
    reading: Reading
    rows_read: int = 0
    row_warnings: int = 0
    warnings: list[RowWarning] = field(default_factory=list)
    milliseconds: int = 0
    breakdown: dict[str, int] = field(default_factory=dict)
    by_day: dict[str, int] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)
    first: list[Row] = field(default_factory=list)
    without_duration: int = 0
    set_aside: SetAside = field(default_factory=SetAside)


def store_rows(
    file: Path | IO[bytes],
    target: IO[bytes] | None,
    *,
    name: str = "",
    limit_warnings: int = 100,
    answers: Mapping[str, str] | None = None,
) -> Stored:
    """Read the whole file, write its rows as Parquet into `target` where that is given, and return what was read.

    The other arguments are those of `read_rows`. Raises Unreadable, Busy, or ColumnsFailed.
    """
    require_known_fields(answers or {})
    name = name or (file.name if isinstance(file, Path) else "The file")
    form = "sums" if target is None else "parquet"
    with reading_place(require_sender):
        limits: SpreadsheetLimits = settings.SPREADSHEET_LIMITS
        until = time.monotonic() + limits.seconds
        words = (str(limit_warnings), orjson.dumps(dict(answers or {})), orjson.dumps(limits), form)
        with running_child(file, name, *words) as output:
            messages = messages_and_bytes(output, name, until, target)
            return stored_of(messages)


def stored_of(messages: Iterator[dict[str, Any]]) -> Stored:
    """Return what the messages of the child say. Raises ColumnsFailed if they end early."""
    about = next(messages)
    reading = Reading.from_json(about["reading"])
    stored = Stored(about["columns"], reading)
    if not reading.doubts:
        last = next(messages)
        stored.rows_read, stored.row_warnings, warnings = last["end"]
        stored.warnings = [RowWarning.from_wire(*warning) for warning in warnings]
        stored.milliseconds, stored.breakdown = last["milliseconds"], last["breakdown"]
        stored.by_day, stored.people = last["by_day"], last["people"]
        stored.set_aside = SetAside(**last["set_aside"])
        stored.first, stored.without_duration = last["first"], last["without_duration"]
    return stored


def messages_and_bytes(
    output: IO[bytes], name: str, until: float, target: IO[bytes] | None
) -> Iterator[dict[str, Any]]:
    """Yield each message of the child that is no part of the file; write the parts of the file into `target`.

    Raises Unreadable, or ColumnsFailed at the end of the output.
    """
    waiting, wanted = bytearray(), 0
    while chunk := next_chunk(output, name, until):
        waiting += chunk
        while waiting:
            if wanted:
                part = waiting[:wanted]
                wanted -= target.write(part) if target else len(part)
                del waiting[: len(part)]
                continue
            line_end = waiting.find(b"\n")
            if line_end < 0:
                break
            message = orjson.loads(waiting[:line_end])
            del waiting[: line_end + 1]
            wanted = message.get("bytes", 0)
            if "anew" in message and target:
                target.seek(0)
                target.truncate()
            elif "columns" in message or "end" in message:
                yield message
            else:
                require_no_failure(message, name)
    raise ColumnsFailed(f"The reading of {name} by columns ended early.")


def require_no_failure(message: dict[str, Any], name: str) -> None:
    """Raise Unreadable if the message says so, or ColumnsFailed if it reports a fault of the parser."""
    if "fault" in message:
        raise ColumnsFailed(message["fault"])
    require_no_fault(message, name)
