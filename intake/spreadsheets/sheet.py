"""The form that all readers of file formats return: sheets of numbered lines of cells."""

from collections.abc import Iterator
from dataclasses import dataclass

# About the unpacked size of a million rows of tasks.
MOST_UNPACKED_BYTES = 128 * 1024 * 1024
TOO_LARGE = "{} is larger than 128 MiB unpacked: split it into smaller files."
MOST_ROWS = 1_000_000
# A longer cell is cut: no description of a task needs more characters.
LONGEST_CELL = 4096


class Unreadable(Exception):
    """The file cannot be read; the message says what to do about it."""


class Busy(Unreadable):
    """Too many files are being read at the moment: the same file can be sent again later."""


@dataclass(frozen=True)
class RowWarning:
    """A part of the file that could not be read. `row` is the spreadsheet's own number: it counts the header too."""

    row: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A cell that the workbook itself stores as a time or a duration, in minutes."""

    minutes: float

    def __str__(self) -> str:
        hours, minutes = divmod(self.minutes, 60)
        return f"{hours:.0f}:{minutes:02.0f}"


Cell = str | float | Elapsed


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet. `number` counts from 1, as spreadsheet programs do; `fault` says why `cells` is empty."""

    number: int
    cells: list[Cell]
    fault: str = ""

    @property
    def is_blank(self) -> bool:
        """Return True if the line has no fault and all its cells are empty."""
        return not self.fault and all(cell == "" for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """One sheet: its lines, read from the file when they are iterated; `delimiter` is empty for a workbook."""

    lines: Iterator[Line]
    delimiter: str = ""

    @property
    def is_ragged(self) -> bool:
        """Return True if the lines may have different numbers of cells, as in delimited text."""
        return bool(self.delimiter)
