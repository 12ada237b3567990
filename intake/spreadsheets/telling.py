"""In the child process: read a file by rows, and a file in doubt also under each choice.

The messages are JSON lines. First comes {"columns": …, "reading": …}, then each row as a list: milliseconds or -1, then
the values of the keys of ROW_KEYS, null for a key that the row does not have; then {"end": [counts and warnings],
"set_aside": rows left out or unread}. A file in doubt, whose rows are those of the first choices, is then read under
each choice of its first doubt, and so on until nothing is in doubt: {"given": the answers that it adds} stands before
each of these readings, which has no rows and no end if it is in doubt too, and {"given": null} after all of them.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import asdict, astuple
from pathlib import Path

import orjson

from environment import spreadsheet_limits
from intake.spreadsheets.phrases import encoded
from intake.spreadsheets.reading import Table
from intake.spreadsheets.sheet import Unreadable

ROW_KEYS = ("text", "category", "row", "started_at", "ended_at", "person", "case")


def told_messages(path: Path, limit_warnings: int, answers: dict[str, str]) -> Iterator[bytes]:
    """Yield the messages about the file, as JSON; keep at most `limit_warnings` warnings."""
    try:
        table = Table(path, limit_warnings, answers)
        yield beginning_of(table)
        yield from rows_of(table)
        if table.reading.doubts:
            yield from under_each_choice(path, limit_warnings, answers, {}, table)
            yield encoded({"given": None})
    except Unreadable as error:
        yield encoded(error.as_json())


def under_each_choice(
    path: Path, limit_warnings: int, answers: dict[str, str], given: dict[str, str], table: Table
) -> Iterator[bytes]:
    """Yield the messages of the readings that follow one that is in doubt."""
    doubt = table.reading.doubts[0]
    for choice in doubt.choices:
        chosen = {**given, doubt.field: choice.value}
        allow_next_reading()
        yield encoded({"given": chosen})
        read = Table(path, limit_warnings, {**answers, **chosen})
        yield beginning_of(read)
        if read.reading.doubts:
            yield from under_each_choice(path, limit_warnings, answers, chosen, read)
        else:
            yield from rows_of(read)


def beginning_of(table: Table) -> bytes:
    """Return the first message of a reading."""
    return encoded({"columns": table.columns, "reading": asdict(table.reading)})


def rows_of(table: Table) -> Iterator[bytes]:
    """Yield the rows of a reading and its end."""
    for row in table:
        yield orjson.dumps([table.milliseconds, *map(row.get, ROW_KEYS)])
    warnings = [astuple(warning) for warning in table.warnings]
    counts = [table.rows_read, table.row_warnings, warnings]
    yield encoded({"end": counts, "set_aside": asdict(table.set_aside)})


def allow_next_reading() -> None:
    """Allow this process the CPU time of one reading from now on, within the limit for all of them."""
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = int(time.process_time()) + spreadsheet_limits.in_force.seconds
    resource.setrlimit(resource.RLIMIT_CPU, (min(until, most), most))
