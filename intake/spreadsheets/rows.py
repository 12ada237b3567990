"""The rows of a request: what was done, in which category, how long it took. Read again as often as wanted."""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self, TypedDict

import orjson

from intake.spreadsheets.unpacking import lines

# More than nineteen years in one row is a slip of the pen or a timestamp.
MOST_MINUTES = 10_000_000
# Fewer rows are done before anybody has looked at the progress.
FEWEST_ROWS_TO_WATCH = 10_000

Watcher = Callable[[int, int], None]


class Row(TypedDict):
    """One line of somebody's work; a row without an estimate has None."""

    text: str
    category: str
    estimated_minutes: float | None


class Rows:
    """Rows from wherever they are kept, one at a time: each iteration is a fresh pass, memory stays flat."""

    def __init__(self, source: Callable[[], Iterable[Any]], total: int) -> None:
        self._source, self.total = source, total

    @classmethod
    def of(cls, rows: list[Any]) -> Self:
        """Rows that came inline, whoever wrote them."""
        return cls(lambda: rows, len(rows))

    @classmethod
    def from_ndjson(cls, path: Path, total: int) -> Self:
        """Rows stored one JSON document a line, plain or gzipped."""
        return cls(lambda: documents(path), total)

    def __iter__(self) -> Iterator[Row]:
        return map(tidy, self._source())

    def watched(self, watcher: Watcher) -> "Rows":
        """The same rows; the first pass tells the watcher (done, total) at each full tenth of many rows."""
        if self.total < FEWEST_ROWS_TO_WATCH:
            return self
        return WatchedRows(self._source, self.total, watcher)


class WatchedRows(Rows):
    """Rows whose watcher hears of each tenth once, however often and in how many passes they are read."""

    def __init__(self, source: Callable[[], Iterable[Any]], total: int, watcher: Watcher) -> None:
        super().__init__(source, total)
        self._watcher = watcher
        self._ahead = [-(-total * tenth // 10) for tenth in range(1, 11)]

    def __iter__(self) -> Iterator[Row]:
        for done, row in enumerate(super().__iter__(), start=1):
            yield row
            if self._ahead and done == self._ahead[0]:
                self._ahead.pop(0)
                self._watcher(done, self.total)


def documents(path: Path) -> Iterator[Any]:
    """Each line's document. Raises TooLarge at a line that is no row."""
    return map(orjson.loads, lines(path))


def tidy(row: Any) -> Row:
    """A row as ours are, whatever somebody else's lacks or spells differently."""
    if not isinstance(row, dict):
        return Row(text=word(row), category="", estimated_minutes=None)
    return Row(
        text=word(row.get("text")),
        category=word(row.get("category")),
        estimated_minutes=minutes(row.get("estimated_minutes")),
    )


def word(value: Any) -> str:
    """The value as text; nothing is the empty text."""
    return "" if value is None else str(value).strip()


def minutes(value: Any) -> float | None:
    """The value as minutes; None unless it is a number, or spells one, from zero to the most a row can take."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= MOST_MINUTES else None
