"""The durations of a column, a block at a time: plain numbers by polars, each other cell by the careful parser, once.

A plain number is digits with a fraction behind the column's decimal mark, or behind any mark where it cannot be one of
thousands. Its milliseconds are computed with decimals of nine places, half up, as the careful reader does.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from intake.spreadsheets.clean.blocks import NotClean, require
from intake.spreadsheets.columns import Column
from intake.spreadsheets.durations import MOST_MILLISECONDS, DecimalMark, Kind, Quantity, quantity_of
from intake.spreadsheets.evidence import MISSING, MOST_LOOKED_AT, in_unit
from intake.spreadsheets.survey import Values
from intake.spreadsheets.units import MILLISECONDS

CERTAIN_FRACTION = "[0-9]{1,2}|[0-9]{4,9}"
PLAIN: dict[str, str] = {
    "": f"^[0-9]{{1,9}}(?:[.,](?:{CERTAIN_FRACTION}))?$",
    ".": f"^[0-9]{{1,9}}(?:\\.[0-9]{{1,9}}|,(?:{CERTAIN_FRACTION}))?$",
    ",": f"^[0-9]{{1,9}}(?:,[0-9]{{1,9}}|\\.(?:{CERTAIN_FRACTION}))?$",
}
# Other cells that are remembered: a working day has 86,400 different times in seconds.
MOST_REMEMBERED = 100_000
CLOCKS_AND_THOUSANDS = (Kind.CLOCK, Kind.COMMA, Kind.DOT)
HALF = Decimal("0.5")


@dataclass
class Sample:
    """Every n-th of the cells that were added; n is the power of two that `evidence.bare_numbers` takes."""

    count: int = 0
    step: int = 1
    kept: list[str] = field(default_factory=list)

    def add(self, cells: pl.Series) -> None:
        """Add further cells in their order."""
        self.kept += cells.gather_every(self.step, -self.count % self.step).to_list() if len(cells) else []
        self.count += len(cells)
        while self.count // MOST_LOOKED_AT >= 2 * self.step:
            self.step *= 2
            self.kept = self.kept[::2]


class ColumnOfDurations:
    """One column of durations: what kinds of cells it has, and the milliseconds of each block of them."""

    def __init__(self, column: Column, decimal: DecimalMark) -> None:
        self.column, self.decimal = column, decimal
        self.kinds: Counter[Kind] = Counter()
        self.units: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()
        self.sample = Sample()
        self._read: dict[str, Quantity] = {}

    def note(self, cells: pl.Series) -> pl.Series:
        """Note the cells of the next block; return True for each that is a plain number. Raises NotClean."""
        is_number = cells.str.contains(PLAIN[self.decimal])
        others = cells.filter(~is_number)
        self.kinds[Kind.BARE] += len(cells) - len(others)
        # Which marks numbers prove is asked only where other numbers are unclear, and such columns are not clean.
        is_bare = is_number
        if len(others):
            counted = pl.DataFrame({"cell": others}).group_by("cell", maintain_order=True).len()
            bare = [cell for cell, count in counted.iter_rows() if self._note_other(cell, count) == Kind.BARE]
            is_bare = is_number | cells.is_in(bare) if bare else is_number
        require(not any(self.kinds[kind] for kind in CLOCKS_AND_THOUSANDS), "durations of more than one meaning")
        self.sample.add(cells.filter(is_bare))
        return is_number

    def _note_other(self, cell: str, count: int) -> Kind:
        """Note a cell that is no plain number and comes so often; return its kind."""
        quantity = self.quantity(cell)
        self.kinds[quantity.kind] += count
        if quantity.mark:
            self.marks[quantity.mark] += count
        if quantity.unit:
            self.units[quantity.unit] += count
        return quantity.kind

    def quantity(self, cell: str) -> Quantity:
        """Return what the careful parser says about the cell."""
        if (known := self._read.get(cell)) is None:
            if len(self._read) >= MOST_REMEMBERED:
                self._read.clear()
            known = self._read[cell] = quantity_of(cell, self.decimal)
        return known

    def milliseconds(self, cells: pl.Series, is_number: pl.Series, unit: str) -> pl.Series:
        """Return the duration of each cell, null where it has none or one that cannot be read in the unit."""
        if unit not in MILLISECONDS:
            raise NotClean(f"numbers that are {unit}")
        number = pl.col("cell").str.replace(",", ".", literal=True).str.to_decimal(scale=9)
        computed = (number * pl.lit(Decimal(MILLISECONDS[unit])) + pl.lit(HALF)).cast(pl.Int64, strict=False)
        frame = pl.DataFrame({"cell": cells, "plain": is_number})
        found = frame.select(pl.when("plain").then(computed)).to_series()
        found = found.set(found > MOST_MILLISECONDS, None)
        if is_number.all():
            return found
        others = cells.filter(~is_number)
        distinct = others.unique()
        values = [self._value(cell, unit) for cell in distinct]
        read = others.replace_strict(distinct, pl.Series(values, dtype=pl.Int64), return_dtype=pl.Int64)
        return found.scatter((~is_number).arg_true(), read)

    def _value(self, cell: str, unit: str) -> int | None:
        """Return the milliseconds of a cell that is no plain number; None if it has none."""
        quantity = self.quantity(cell)
        if quantity.kind == Kind.FIXED:
            return quantity.value
        value = in_unit(quantity.value, unit) if quantity.kind == Kind.BARE else MISSING
        return value if value != MISSING else None

    def as_values(self) -> Values:
        """Return the column in the form of the survey: its sample of numbers, and one cell of each other kind."""
        values = Values(self.column, self.decimal)
        for cell in self.sample.kept:
            values.add([""] * self.column.index + [cell])
        for kind in (Kind.EMPTY, Kind.FIXED, Kind.UNREADABLE):
            if self.kinds[kind]:
                values.kinds.append(kind)
                values.values.append(0)
        values.units, values.marks = self.units, self.marks
        return values
