"""From a spreadsheet to rows: what can be read is, what cannot is told with its row, nothing is guessed."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from intake.spreadsheets.columns import Column, Role, find_columns
from intake.spreadsheets.delimited import open_delimited
from intake.spreadsheets.durations import DecimalMark, UnreadableDuration, parse_minutes
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import MOST_ROWS, Cell, Elapsed, Line, Sheet, Unreadable
from intake.spreadsheets.workbook import open_workbook

# The first rows say which of several columns is filled, and what a comma in a number means.
SAMPLE_ROWS = 200
# Titles and notes may stand above the table of a workbook's sheet.
HEADER_WITHIN_LINES = 20

ZIP, OLE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
NAMELESS = "The row names no task and no category. If it is a total, delete the row."
UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


@dataclass(frozen=True)
class RowWarning:
    """What could not be read, and where: the row as the spreadsheet counts it, its header being a row too."""

    row: int
    column: str | None
    message: str


class Table:
    """Rows as they are read, once. `columns` is known at once, the counts and warnings when all rows are read."""

    def __init__(self, path: Path, limit_warnings: int) -> None:
        self.rows_read = self.row_warnings = self.row_number = 0
        self.warnings: list[RowWarning] = []
        self._limit = limit_warnings
        self._name = path.name
        self._opened = open_sheets(path)
        self._sheet, self._header, self._lines = self._find_table()
        sample = list(islice(self._lines, SAMPLE_ROWS))
        self._width = len(self._header.cells)
        self._columns = find_columns([str(cell) for cell in self._header.cells], [line.cells for line in sample])
        self._decimal = self._decimal_mark(sample)
        self.columns: dict[str, str] = {role: column.header for role, column in self._columns.items()}
        if "duration" not in self._columns:
            message = "No column holds a duration: every row is read without one. Name a column Duration (min)."
            self._warn(self._header.number, None, message)
        self._rows = map(self._row, chain(sample, self._lines))

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        try:
            row = next(self._rows)
        except StopIteration:
            self._opened.close()
            raise
        self.rows_read += 1
        if self.rows_read > MOST_ROWS:
            raise Unreadable(f"{self._name} has more than {MOST_ROWS:,} rows: split it into smaller files.")
        return row

    def _find_table(self) -> tuple[Sheet, Line, Iterator[Line]]:
        """The first sheet with a header, the header, and the lines below it that are not blank."""
        seen: list[str] = []
        for sheet in self._opened:
            lines = (line for line in sheet.lines if not line.is_blank)
            head = list(islice(lines, 1 if sheet.is_ragged else HEADER_WITHIN_LINES))
            if (at := header_at(head)) is not None:
                return sheet, head[at], chain(head[at + 1 :], lines)
            seen = seen or [str(cell) for line in head[:1] for cell in line.cells]
        if not seen:
            raise Unreadable(f"{self._name} has no rows: it needs a header row and rows below it.")
        raise Unreadable(
            f"No column of {self._name} is named like a task or a duration; its first row says "
            f"{', '.join(f'“{name[:40]}”' for name in seen[:12])}. Name the columns in the first row, "
            "for example Task, Category and Duration (min)."
        )

    def _decimal_mark(self, sample: list[Line]) -> DecimalMark:
        """The comma, where semicolons separate the cells and the durations use it."""
        column = self._columns.get("duration")
        if column is None or self._sheet.delimiter != ";":
            return "."
        return "," if any("," in str(cell_at(line, column)) for line in sample) else "."

    def _row(self, line: Line) -> Row:
        """The line as a row; what is wrong with it is noted."""
        self.row_number = line.number
        self._check_shape(line)
        text, category = self._text(line, "text"), self._text(line, "category")
        if not text and not category and not line.fault:
            self._warn(
                line.number,
                self.columns.get("text"),
                "The row names no task and no category. If it is a total, delete the row.",
            )
        return Row(text=text, category=category, estimated_minutes=self._minutes(line))

    def _check_shape(self, line: Line) -> None:
        """Note a line that could not be read, or that has too few or too many cells."""
        count = len(line.cells)
        if line.fault:
            self._warn(line.number, None, line.fault)
        elif self._sheet.is_ragged and count < self._width:
            self._warn(line.number, None, f"The row has {count} of {self._width} cells: the rest is taken as empty.")
        elif any(cell != "" for cell in line.cells[self._width :]):
            self._warn(line.number, None, f"The row has {count} cells, its header {self._width}: the rest is left out.")

    def _text(self, line: Line, role: Role) -> str:
        """What the line says in the role's column."""
        column = self._columns.get(role)
        return clean(cell_at(line, column)) if column else ""

    def _minutes(self, line: Line) -> float | None:
        """The line's duration; None if it has none, or none that can be read."""
        column = self._columns.get("duration")
        if column is None or (cell := cell_at(line, column)) == "":
            return None
        try:
            return minutes_of(cell, column.unit, self._decimal)
        except UnreadableDuration as error:
            self._warn(line.number, column.header, str(error))
            return None

    def _warn(self, row: int, column: str | None, message: str) -> None:
        """Count the warning, and keep it if it is one of the first."""
        self.row_warnings += 1
        if len(self.warnings) < self._limit:
            self.warnings.append(RowWarning(row, column, message))


def open_sheets(path: Path) -> Generator[Sheet]:
    """The file's sheets, by what is in it and not by its name. Raises Unreadable."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise Unreadable(f"{path} cannot be opened ({error.strerror}): check the path and the permissions.") from None
    if start == OLE:
        raise Unreadable(f"{path.name} is encrypted or an old .xls: save it as .xlsx without a password.")
    if start == PDF:
        raise Unreadable(f"{path.name} is a PDF: send the spreadsheet it was made from, as .xlsx or CSV.")
    return open_workbook(path) if start == ZIP else open_delimited(path)


def header_at(head: list[Line]) -> int | None:
    """Where the header is: the first line if it names any column, else the first that names two."""
    for index, line in enumerate(head):
        found = find_columns([str(cell) for cell in line.cells])
        if (index == 0 and found.keys() & {"text", "duration"}) or len(found) > 1:
            return index
    return None


def cell_at(line: Line, column: Column) -> Cell:
    """The line's cell in a column; empty where the line is too short."""
    return line.cells[column.index] if column.index < len(line.cells) else ""


def clean(cell: Cell) -> str:
    """The cell as text: whole numbers without a fraction, no control characters."""
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return str(cell).translate(UNPRINTABLE).strip()


def minutes_of(cell: Cell, unit: str, decimal: DecimalMark) -> float:
    """The cell in minutes. Raises UnreadableDuration."""
    if isinstance(cell, str):
        return parse_minutes(cell, unit=unit, decimal=decimal)
    if isinstance(cell, Elapsed):
        return parse_minutes(f"{cell.minutes:.9f}".rstrip("0").rstrip("."))
    return parse_minutes(f"{cell:.9f}".rstrip("0").rstrip("."), unit=unit)
