"""In the child process: read a file into Parquet, or into sums only, by columns if it is clean and carefully if not.

The messages are JSON lines. {"anew": true} stands before the beginning of a Parquet file, also where one is begun
again; {"bytes": n} before its next n bytes, which follow the line. Then come {"columns": …, "reading": …} and
{"end": [counts and warnings], "milliseconds": …, "breakdown": …, …}. Of a file in doubt there are no rows and no end.
"""

import io
import resource
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import IO, Any

import polars as pl

from environment import spreadsheet_limits
from intake.spreadsheets.clean.blocks import NotClean
from intake.spreadsheets.clean.table import CleanTable, Ending, read_clean
from intake.spreadsheets.describing import Reading
from intake.spreadsheets.parquet import frames_of, rows_of, write_frames
from intake.spreadsheets.reading import Table
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import RowWarning, Unreadable

# A preview shows so many rows.
MOST_SHOWN = 10


class Framed(io.RawIOBase):
    """A file whose bytes go into the messages, after a line with their number."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__()
        self._out = out
        self._out.write(b'{"anew":true}\n')

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._out.write(b'{"bytes":%d}\n' % len(data))
        self._out.write(data)
        return len(data)


@dataclass
class DaysAndPeople:
    """How many rows each day has, and who did them, counted as `backlog.periods.DatesOfRows` counts them.

    Also the first rows, and how many have no duration.
    """

    by_day: Counter[str] = field(default_factory=Counter)
    people: set[str] = field(default_factory=set)
    first: list[Row] = field(default_factory=list)
    without_duration: int = 0

    def forget(self) -> None:
        """Begin anew."""
        self.by_day.clear()
        self.people.clear()
        self.first, self.without_duration = [], 0

    def watch(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Yield the same frames, and count their rows."""
        start, end = pl.col("started_at"), pl.col("ended_at")
        is_day_alone = (end.str.len_chars() == 10) & start.ne_missing(end)
        for frame in frames:
            for days in (frame["started_at"].str.head(10), frame.filter(is_day_alone)["ended_at"]):
                self.by_day.update(dict(days.drop_nulls().value_counts().iter_rows()))
            self.people.update(frame["person"].drop_nulls().unique())
            self.without_duration += frame["milliseconds"].null_count()
            if len(self.first) < MOST_SHOWN:
                self.first += rows_of(frame.head(MOST_SHOWN - len(self.first)))
            yield frame


def write_or_drop(frames: Iterator[pl.DataFrame], out: IO[bytes] | None) -> None:
    """Write the frames into `out`; without it, only go through them."""
    if out is not None:
        write_frames(frames, Framed(out))
        return
    for _frame in frames:
        pass


def stored_messages(path: Path, limit: int, answers: dict[str, str], out: IO[bytes] | None) -> Iterator[Any]:
    """Yield the messages about the file, and write the Parquet file into `out` on the way, if it is given."""
    try:
        yield from clean_messages(path, limit, answers, out)
        return
    except (NotClean, Unreadable, pl.exceptions.PolarsError):
        # Whatever is wrong with the file, the careful reader says it.
        yield {"anew": True}
    try:
        yield from careful_messages(path, limit, answers, out)
    except Unreadable as error:
        yield error.as_json()


def clean_messages(path: Path, limit: int, answers: dict[str, str], out: IO[bytes] | None) -> Iterator[Any]:
    """Read the file by columns. Raises NotClean."""

    days = DaysAndPeople()

    def consume(frames: Iterator[pl.DataFrame]) -> None:
        days.forget()
        write_or_drop(days.watch(frames), out)

    ending = read_clean(CleanTable(path, limit, answers), consume)
    yield about(ending.columns, ending.reading)
    yield end(ending, days)


def careful_messages(path: Path, limit: int, answers: dict[str, str], out: IO[bytes] | None) -> Iterator[Any]:
    """Read the file as `reading.py` does, with no more memory than it has there. Raises Unreadable."""
    used = resource.getpagesize() * int(Path("/proc/self/statm").read_text().split()[5])
    _now, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (min(used + spreadsheet_limits.in_force.memory_bytes, most), most))
    table = Table(path, limit, answers)
    yield about(table.columns, table.reading)
    if table.reading.doubts:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    sums = Counter[str]()
    days = DaysAndPeople()
    write_or_drop(days.watch(frames_of(summed(table, sums))), out)
    counts = (table.rows_read, table.row_warnings, table.warnings)
    yield end(Ending(table.reading, table.columns, *counts, sums.total(), dict(sums), table.set_aside), days)


def summed(table: Table, sums: Counter[str]) -> Iterator[tuple[Row, int]]:
    """Yield each row with its milliseconds, and add them to the sums by category."""
    for row in table:
        sums[row["category"]] += max(table.milliseconds, 0)
        yield row, table.milliseconds


def about(columns: dict[str, str], reading: Reading) -> dict[str, Any]:
    """Return the message with what is known about the file."""
    return {"columns": columns, "reading": asdict(reading)}


def end(ending: Ending, days: DaysAndPeople) -> dict[str, Any]:
    """Return the last message: the counts, the warnings and the sums."""
    warnings: list[RowWarning] = ending.warnings
    counts = [ending.rows_read, ending.row_warnings, [astuple(warning) for warning in warnings]]
    told: dict[str, Any] = {"by_day": days.by_day, "people": sorted(days.people)}
    told["set_aside"] = asdict(ending.set_aside)
    told |= {"first": days.first, "without_duration": days.without_duration}
    return {"end": counts, "milliseconds": ending.milliseconds, "breakdown": ending.breakdown, **told}
