"""What is summed up over the blocks of a clean table, in memory that does not grow with its rows.

The careful reader looks for totals among the rows by their labels, their place and by arithmetic (`totals.py`). Here a
row that only might be one raises NotClean, and the careful reader decides.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from intake.spreadsheets.clean.blocks import NotClean, require
from intake.spreadsheets.clean.durations import ColumnOfDurations
from intake.spreadsheets.labels import Label
from intake.spreadsheets.phrases import Phrase
from intake.spreadsheets.set_aside import SetAside
from intake.spreadsheets.sheet import NO_PHRASE, RowWarning, cell_text
from intake.spreadsheets.survey import MOST_CATEGORIES, MOST_FINGERPRINTS
from intake.spreadsheets.totals import EXACT_MILLISECONDS, FEWEST_ROWS_OF_A_SUM, NO_SUM, SLACK, kind_of_sum
from intake.spreadsheets.units import DAY_MILLISECONDS

MOST_NAMED = 5
# People and days, or days, of which sums are held.
MOST_GROUPS = 300_000


@dataclass
class Found:
    """Rows of which something is said together: how many there are, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, rows: pl.Series) -> None:
        """Add the numbers of further rows, in their order."""
        self.count += len(rows)
        if len(self.first) < MOST_NAMED:
            self.first += rows.head(MOST_NAMED - len(self.first)).to_list()


@dataclass
class Warnings:
    """The warnings about rows: how many there are, and the first `limit` of them."""

    limit: int
    count: int = 0
    kept: list[RowWarning] = field(default_factory=list)

    def add(self, row: int, column: str | None, message: Phrase, *, is_note: bool = False) -> None:
        """Count the warning, and keep it if fewer than the limit are kept."""
        self.count += 1
        if len(self.kept) < self.limit:
            self.kept.append(RowWarning(row, column, message, is_note))


@dataclass
class Sums:
    """The sum over all rows, and what has to be known of the last one to see that it is no total of the others."""

    rows: int = 0
    total: int = 0
    positive: int = 0
    timed: int = 0
    last: int | None = None

    def add(self, milliseconds: pl.Series) -> None:
        """Add the durations of the next block."""
        self.rows += len(milliseconds)
        self.timed += len(milliseconds) - milliseconds.null_count()
        self.total += int(milliseconds.sum() or 0)
        self.positive += int((milliseconds > 0).sum() or 0)
        self.last = milliseconds[-1]

    def require_no_total(self, filled_cells_of_last: int) -> None:
        """Raise NotClean if the last row may be the sum of the others, or a note below the table."""
        require(self.last is not None or filled_cells_of_last > 1, "a note below the table")
        last = self.last or 0
        above = self.total - last
        is_sum = last > 0 and self.rows > FEWEST_ROWS_OF_A_SUM and self.positive > FEWEST_ROWS_OF_A_SUM
        require(not is_sum or abs(above - last) > EXACT_MILLISECONDS, "the last row is the sum of the others")


def remark_about(label: Label, value: int | None, above: int, *, is_first: bool) -> Phrase:
    """Return what is said about a labelled row that is no total. Raises NotClean if it may be one.

    `value` is its duration, `above` the sum of all rows above it.
    """
    if label == Label.TOTAL or (is_first and label in (Label.PARTIAL, Label.TOTAL_OF)):
        raise NotClean("a row that may be a total")
    if value is None or label not in SLACK:
        return NO_PHRASE
    if value > 0 and kind_of_sum(value, above, above, [], SLACK[label]):
        raise NotClean("a row that may be a total")
    return NO_SUM if label == Label.TOTAL_OF else NO_PHRASE


@dataclass
class Categories:
    """The categories as the cells write them: how often each, in the order of their first rows, and its sum."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)

    def add(self, cells: pl.Series, milliseconds: pl.Series) -> list[str]:
        """Add the next block; return the different cells in it. Raises NotClean at MOST_CATEGORIES."""
        frame = pl.DataFrame({"cell": cells, "sum": milliseconds})
        counted = frame.group_by("cell", maintain_order=True).agg(pl.len(), pl.col("sum").sum()).rows()
        for cell, count, total in counted:
            if named := cell.strip():
                self.counts[named] += count
            self.sums[cell_text(cell)] += total
        require(len(self.counts) < MOST_CATEGORIES, "too many categories")
        return [cell for cell, _count, _total in counted]


@dataclass
class Twins:
    """The rows that are equal to an earlier one, of which the first MOST_FINGERPRINTS different ones are known."""

    found: Found = field(default_factory=Found)
    _seen: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.UInt64))

    def add(self, cells: pl.DataFrame, numbers: pl.Series) -> None:
        """Add the next block, whose rows have these numbers."""
        marks = cells.hash_rows()
        is_first = marks.is_first_distinct()
        is_known = marks.is_in(self._seen.implode())
        room = MOST_FINGERPRINTS - len(self._seen)
        if room:
            added = marks.filter(is_first & ~is_known).head(room)
            self._seen = pl.concat([self._seen, added])
            is_known |= ~is_first & marks.is_in(added.implode())
        self.found.add(numbers.filter(is_known))


@dataclass
class Days:
    """The days and people of a table with dates: the days with rows, and the sum of each day of a person."""

    today: int
    by_person: bool = False
    days: set[int] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    future: Found = field(default_factory=Found)
    # For each person and day: the sum, how many rows, and the number of the first of them.
    sums: dict[tuple[str, int], tuple[int, int, int]] = field(default_factory=dict)

    def add(self, frame: pl.DataFrame) -> None:
        """Add the next block with the columns day (null where there is none), person, ms and row."""
        self.future.add(frame.filter(pl.col("day") > self.today)["row"])
        self.people.update(frame["person"].unique().to_list())
        dated = frame.filter(pl.col("day") > 0)
        self.days.update(dated["day"].unique().to_list())
        if self.by_person:
            known = (
                dated.drop_nulls("ms").group_by("person", "day").agg(pl.col("ms").sum(), pl.len(), pl.col("row").min())
            )
            for person, day, total, count, first in known.iter_rows():
                before, rows, row = self.sums.get((person, day), (0, 0, first))
                self.sums[person, day] = (before + total, rows + count, row)
        require(max(len(self.sums), len(self.days), len(self.people)) < MOST_GROUPS, "too many days and people")

    def crowded(self) -> Sequence[int]:
        """Return the number of the first row of each day on which one person has more than 24 hours."""
        return sorted(first for total, count, first in self.sums.values() if total > DAY_MILLISECONDS and count > 1)


@dataclass
class Tally:
    """Everything that is summed up over one reading of the rows."""

    durations: ColumnOfDurations
    warnings: Warnings
    days: Days
    sums: Sums = field(default_factory=Sums)
    categories: Categories = field(default_factory=Categories)
    twins: Twins = field(default_factory=Twins)
    long: Found = field(default_factory=Found)
    set_aside: SetAside = field(default_factory=SetAside)
    unit: str = ""
    last_filled: int = 0
