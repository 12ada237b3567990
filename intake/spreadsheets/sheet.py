"""The form that all readers of file formats return: sheets of numbered lines of cells."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from environment import spreadsheet_limits
from intake.spreadsheets.phrases import Phrase, gettext_noop, phrase_of

if TYPE_CHECKING:
    from intake.spreadsheets.describing import Reading

LIMITS = spreadsheet_limits.in_force
MOST_UNPACKED_BYTES = LIMITS.most_unpacked_bytes
MOST_ROWS = LIMITS.most_rows
LONGEST_CELL = LIMITS.longest_cell

MS_PER_MINUTE = 60_000
NO_PHRASE = Phrase("")
UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


class Unreadable(Exception):
    """The file cannot be read; the message says what to do about it.

    The process that parses a file has no language: it sends `message`, marked by `gettext_noop`, and `values` apart,
    and the process that started it translates the message.
    """

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message, self.values = message, values

    def as_json(self) -> dict[str, Any]:
        """Return the refusal as the reading process writes it."""
        return {"unreadable": self.message, "values": self.values, "dangerous": isinstance(self, Dangerous)}


class NoHeader(Unreadable):
    """No line of the file has a name that is known for a column.

    `reading` has the columns of the line that may be the header, so that a person can say which is what; None if no
    line may be one.
    """

    reading: "Reading | None" = None

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "reading": asdict(self.reading) if self.reading else None}


class Dangerous(Unreadable):
    """The file is built to do harm, or infected: it goes into quarantine."""


class Busy(Unreadable):
    """Too many files are being read at the moment: the same file can be sent again later."""


def too_large(name: str) -> Unreadable:
    """Return the refusal of a file that is too large after unpacking."""
    words = gettext_noop("%(file)s is larger than %(most)s MB unpacked: split it into smaller files.")
    return Unreadable(words, file=name, most=MOST_UNPACKED_BYTES >> 20)


@dataclass(frozen=True, slots=True)
class RowWarning:
    """What a person should know about a row. `row` is the spreadsheet's own number: it counts the header too.

    A note says how the file was read, or what is odd about it; without `is_note` a cell or line could not be read.
    """

    row: int
    column: str | None
    message: Phrase
    is_note: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the warning as it is shown and stored: `message` in English, `phrase` to translate it."""
        return {"row": self.row, "column": self.column, "message": str(self.message), "phrase": self.message.as_json()}

    @classmethod
    def from_wire(cls, row: int, column: str | None, message: Any, is_note: bool) -> "RowWarning":
        """Return the warning that the reading process wrote as a list."""
        return cls(row, column, phrase_of(message), is_note)


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A cell that the workbook itself stores as a time of day or a duration, in whole milliseconds."""

    milliseconds: int

    def __str__(self) -> str:
        hours, milliseconds = divmod(self.milliseconds, 3_600_000)
        return f"{hours}:{milliseconds // MS_PER_MINUTE:02d}"


@dataclass(frozen=True, slots=True)
class BrokenCell:
    """A cell whose formula failed or has no stored result; `reason` says which, in a full sentence."""

    reason: Phrase

    def __str__(self) -> str:
        return ""


Cell = str | float | Elapsed | BrokenCell


def cell_text(cell: Cell) -> str:
    """Return the cell as text: whole numbers without a fraction, no control characters."""
    if isinstance(cell, float):
        return f"{cell:.15g}"
    text = cell.strip() if isinstance(cell, str) else str(cell)
    return text if text.isprintable() else text.translate(UNPRINTABLE).strip()


class Line(NamedTuple):
    """One line of a sheet. `number` counts from 1, as spreadsheet programs do; `fault` says why `cells` is empty."""

    number: int
    cells: list[Cell]
    fault: Phrase = NO_PHRASE

    @property
    def is_blank(self) -> bool:
        """Return True if the line has no fault and all its cells are empty."""
        return not self.fault and not any(cell if isinstance(cell, BrokenCell) else cell != "" for cell in self.cells)


@dataclass(frozen=True)
class Sheet:
    """One sheet. `lines` reads its lines anew at each call; `delimiter` is empty for a sheet of a workbook."""

    lines: Callable[[], Iterator[Line]]
    name: str = ""
    delimiter: str = ""
    is_hidden: bool = False
    # What the file's owner should know about how the sheet was decoded.
    notes: list[Phrase] = field(default_factory=list)

    @property
    def is_ragged(self) -> bool:
        """Return True if the lines may have different numbers of cells, as in delimited text."""
        return bool(self.delimiter)
