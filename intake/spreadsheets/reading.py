"""Turn a spreadsheet into rows. A cell that cannot be read is left empty and reported with its row, never guessed."""

from collections.abc import Generator, Iterator
from itertools import chain, islice
from pathlib import Path

from intake.spreadsheets.columns import Column, Role, find_columns
from intake.spreadsheets.delimited import open_delimited
from intake.spreadsheets.durations import DecimalMark, UnreadableDuration, parse_minutes
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import MOST_ROWS, Cell, Elapsed, Line, RowWarning, Sheet, Unreadable
from intake.spreadsheets.workbook import open_workbook

# The first rows decide which of several columns is filled, and whether a comma is a decimal mark.
SAMPLE_ROWS = 200
# In a workbook, titles and notes may come before the table: the header is searched in the first lines.
HEADER_WITHIN_LINES = 20

ZIP, OLE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
NAMELESS = "The row names no task and no category. If it is a total, delete the row."
UNPRINTABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


class Table:
    """The rows of one file, to be iterated once, at most `limit_warnings` warnings kept.

    `columns` (role → header) is known from the beginning; the counts and warnings are known after the last row.
    """

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
        """Return the first sheet that has a header, the header, and the lines below it without blank ones.

        Raises Unreadable if no sheet has a header; the message quotes the first line that was found.
        """
        first_cells: list[str] = []
        for sheet in self._opened:
            lines = (line for line in sheet.lines if not line.is_blank)
            head = list(islice(lines, 1 if sheet.is_ragged else HEADER_WITHIN_LINES))
            if (at := header_at(head)) is not None:
                return sheet, head[at], chain(head[at + 1 :], lines)
            first_cells = first_cells or [str(cell) for line in head[:1] for cell in line.cells]
        if not first_cells:
            raise Unreadable(f"{self._name} has no rows: it needs a header row and rows below it.")
        raise Unreadable(
            f"No column of {self._name} is named like a task or a duration; its first row says "
            f"{', '.join(f'“{name[:40]}”' for name in first_cells[:12])}. Name the columns in the first row, "
            "for example Task, Category and Duration (min)."
        )

    def _decimal_mark(self, sample: list[Line]) -> DecimalMark:
        """Return the comma if semicolons separate the cells and a duration in the sample has a comma, else the dot."""
        column = self._columns.get("duration")
        if column is None or self._sheet.delimiter != ";":
            return "."
        return "," if any("," in str(cell_at(line, column)) for line in sample) else "."

    def _row(self, line: Line) -> Row:
        """Return the line as a row; add a warning for each thing that is wrong with the line."""
        self.row_number = line.number
        self._check_shape(line)
        text, category = self._text(line, "text"), self._text(line, "category")
        if not text and not category and not line.fault:
            self._warn(line.number, self.columns.get("text"), NAMELESS)
        return Row(text=text, category=category, estimated_minutes=self._minutes(line))

    def _check_shape(self, line: Line) -> None:
        """Add a warning if the line could not be read, or has fewer or more cells than the header."""
        count = len(line.cells)
        if line.fault:
            self._warn(line.number, None, line.fault)
        elif self._sheet.is_ragged and count < self._width:
            self._warn(line.number, None, f"The row has {count} of {self._width} cells: the rest is taken as empty.")
        elif any(cell != "" for cell in line.cells[self._width :]):
            self._warn(line.number, None, f"The row has {count} cells, its header {self._width}: the rest is left out.")

    def _text(self, line: Line, role: Role) -> str:
        """Return the line's text in the role's column; empty if no column has the role."""
        column = self._columns.get(role)
        return cell_text(cell_at(line, column)) if column else ""

    def _minutes(self, line: Line) -> float | None:
        """Return the line's duration in minutes; None if it has none, or (with a warning) none that can be read."""
        column = self._columns.get("duration")
        if column is None or (cell := cell_at(line, column)) == "":
            return None
        try:
            return minutes_of(cell, column.unit, self._decimal)
        except UnreadableDuration as error:
            self._warn(line.number, column.header, str(error))
            return None

    def _warn(self, row: int, column: str | None, message: str) -> None:
        """Count the warning, and keep it if fewer than the limit are kept."""
        self.row_warnings += 1
        if len(self.warnings) < self._limit:
            self.warnings.append(RowWarning(row, column, message))


def open_sheets(path: Path) -> Generator[Sheet]:
    """Return the file's sheets. The file's first bytes decide the format, not its name. Raises Unreadable."""
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
    """Return the index of the header: the first line if it names a task or a duration, else the first naming two."""
    for index, line in enumerate(head):
        columns = find_columns([str(cell) for cell in line.cells])
        if (index == 0 and columns.keys() & {"text", "duration"}) or len(columns) > 1:
            return index
    return None


def cell_at(line: Line, column: Column) -> Cell:
    """Return the line's cell in the column; empty if the line is too short."""
    return line.cells[column.index] if column.index < len(line.cells) else ""


def cell_text(cell: Cell) -> str:
    """Return the cell as text: whole numbers without a fraction, no control characters."""
    if isinstance(cell, float):
        return f"{cell:.15g}"
    return str(cell).translate(UNPRINTABLE).strip()


def minutes_of(cell: Cell, unit: str, decimal: DecimalMark) -> float:
    """Return the cell in minutes; `unit` is the unit of a number without one. Raises UnreadableDuration."""
    if isinstance(cell, str):
        return parse_minutes(cell, unit=unit, decimal=decimal)
    if isinstance(cell, Elapsed):
        return parse_minutes(f"{cell.minutes:.9f}".rstrip("0").rstrip("."))
    return parse_minutes(f"{cell:.9f}".rstrip("0").rstrip("."), unit=unit)
