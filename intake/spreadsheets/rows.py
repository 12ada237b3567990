"""The rows of a request, each a task with its category and duration; `Rows` can be iterated any number of times."""

import math
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, Protocol, Self, TypedDict, cast

import orjson

from intake.spreadsheets.unpacking import read_lines

if TYPE_CHECKING:
    import polars as pl

# More than nineteen years in one row is a typing error or a timestamp.
MOST_MINUTES = 10_000_000
# Fewer rows than this are done before a person could look at the progress.
FEWEST_ROWS_TO_WATCH = 10_000

# The texts that a row has only where its file tells them.
TOLD_BY_SOME = ("started_at", "ended_at", "person", "case")

PARQUET_START = b"PAR1"

Watcher = Callable[[int, int], None]


class Row(TypedDict):
    """One task; `estimated_minutes` is None where the file names no duration.

    The other keys are there only where the file tells them: `started_at` and `ended_at` in ISO 8601, as the file
    writes them (a date alone where it names no time of day), who did it, the case that it belongs to, and the number
    of its row in the file.
    """

    text: str
    category: str
    estimated_minutes: float | None
    started_at: NotRequired[str]
    ended_at: NotRequired[str]
    person: NotRequired[str]
    case: NotRequired[str]
    row: NotRequired[int]


class Part(NamedTuple):
    """Some rows with the same text or category: how many, and milliseconds that they have so many times.

    `milliseconds` is None for rows without a duration. The sum of the rows is milliseconds × times.
    """

    name: str
    rows: int
    milliseconds: int | None
    times: int


class Columns(Protocol):
    """Stored rows that can be summed up by columns, see `parquet.StoredColumns`."""

    def scan(self) -> "pl.LazyFrame":
        """Return the rows as a table with the columns of `parquet.SCHEMA`."""

    def parts_by(self, key: str) -> Iterator[Part]:
        """Yield the parts of each different value of the key, in the order of their first rows."""

    def rows_without_day(self) -> Iterator[Row]:
        """Yield each row that may name a day and is in no part by day."""

    def short_and_lasting(self, most: int) -> tuple[int, int, int]:
        """Return how many rows lasted less than so many milliseconds, the sum of theirs, and how many lasted at all."""


class Rows:
    """A collection of rows, from a list or a file. Each iteration reads the source again, one row in memory at a time.

    Every row is brought into the form of `Row`, whatever program wrote it. `columns` are the same rows by columns,
    where they are stored so.
    """

    def __init__(self, source: Callable[[], Iterable[Any]], total: int, columns: Columns | None = None) -> None:
        self._source, self.total, self.columns = source, total, columns

    @classmethod
    def of(cls, rows: list[Any]) -> Self:
        """Return the rows of a list, as an event carries them."""
        return cls(lambda: rows, len(rows))

    @classmethod
    def from_ndjson(cls, path: Path, total: int) -> Self:
        """Return the `total` rows of a file with one JSON document on each line, plain or gzipped."""
        return cls(lambda: json_documents(path), total)

    @classmethod
    def from_file(cls, path: Path, total: int) -> Self:
        """Return the `total` rows of a stored file: Parquet, or NDJSON as older versions stored them."""
        if not is_parquet(path):
            return cls.from_ndjson(path, total)
        # polars starts threads, and a process that forks must have none: so it is imported where rows are read.
        stored = import_module("intake.spreadsheets.parquet")
        return cls(lambda: stored.rows_in(path), total, stored.StoredColumns(path))

    def __iter__(self) -> Iterator[Row]:
        return map(as_row, self._source())

    def with_watcher(self, watcher: Watcher) -> "Rows":
        """Return the same rows; reading them calls `watcher(done, total)` once at each full tenth.

        Fewer than FEWEST_ROWS_TO_WATCH rows are returned unchanged and call nobody.
        """
        if self.total < FEWEST_ROWS_TO_WATCH:
            return self
        return WatchedRows(self._source, self.total, watcher, self.columns)


class WatchedRows(Rows):
    """Rows that call their watcher at each tenth once, however often the rows are iterated."""

    def __init__(
        self, source: Callable[[], Iterable[Any]], total: int, watcher: Watcher, columns: Columns | None = None
    ) -> None:
        super().__init__(source, total, columns)
        self._watcher = watcher
        self._thresholds = [-(-total * tenth // 10) for tenth in range(1, 11)]

    def __iter__(self) -> Iterator[Row]:
        for done, row in enumerate(super().__iter__(), start=1):
            yield row
            if self._thresholds and done == self._thresholds[0]:
                self._thresholds.pop(0)
                self._watcher(done, self.total)


def is_parquet(path: Path) -> bool:
    """Return True if the stored file is Parquet."""
    with path.open("rb") as file:
        return file.read(len(PARQUET_START)) == PARQUET_START


def json_documents(path: Path) -> Iterator[Any]:
    """Yield the JSON document of each line. Raises TooLarge at a line that is too long for a row."""
    return map(orjson.loads, read_lines(path))


def as_row(row: Any) -> Row:
    """Return any JSON value as a Row: missing parts are empty, numbers written as text are read."""
    if not isinstance(row, dict):
        return Row(text=as_text(row), category="", estimated_minutes=None)
    told: dict[str, Any] = {key: as_text(value) for key in TOLD_BY_SOME if (value := row.get(key)) is not None}
    if isinstance(number := row.get("row"), int):
        told["row"] = number
    return cast(
        Row,
        {
            "text": as_text(row.get("text")),
            "category": as_text(row.get("category")),
            "estimated_minutes": as_minutes(row.get("estimated_minutes")),
            **told,
        },
    )


def as_text(value: Any) -> str:
    """Return the value as text without spaces around it; None becomes the empty text."""
    return "" if value is None else str(value).strip()


def as_minutes(value: Any) -> float | None:
    """Return the value as minutes; None unless it is a number, or a text of one, from 0 to MOST_MINUTES."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= MOST_MINUTES else None
