"""What the readers of file formats hand on: sheets of numbered lines of cells."""

from collections.abc import Iterator
from dataclasses import dataclass

# Unpacked, a million rows of tasks take as much as this.
MOST_UNPACKED_BYTES = 128 * 1024 * 1024
TOO_LARGE = "{} is larger than 128 MiB unpacked: split it into smaller files."
MOST_ROWS = 1_000_000
# Nobody writes more about a task; what is longer is cut.
LONGEST_CELL = 4096


class Unreadable(Exception):
    """The file cannot be read; the message says what to do about it."""


class Busy(Unreadable):
    """Too many files are being read already: the same file can be read in a while."""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A cell that the spreadsheet itself knows to be a duration."""

    minutes: float

    def __str__(self) -> str:
        hours, minutes = divmod(self.minutes, 60)
        return f"{hours:.0f}:{minutes:02.0f}"


Cell = str | float | Elapsed


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet, counted from 1 as the person who opens it sees it; `fault` says why it has no cells."""

    number: int
    cells: list[Cell]
    fault: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing on the line."""
        return not self.fault and all(cell == "" for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """A sheet's lines, read as they are asked for."""

    lines: Iterator[Line]
    delimiter: str = ""

    @property
    def is_ragged(self) -> bool:
        """Whether each line has its own number of cells, as lines of delimited text do."""
        return bool(self.delimiter)
