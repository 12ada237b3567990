"""Read workbooks (XLSX, XLS, ODS) after checks for hostile files. The parser may crash: run it as `child` does."""

import datetime
import math
import zipfile
import zlib
from collections.abc import Generator, Iterator
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from intake.spreadsheets.columns import MOST_COLUMNS
from intake.spreadsheets.marks import CellMarks, marks_of_sheets
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import (
    LIMITS,
    LONGEST_CELL,
    BrokenCell,
    Cell,
    Elapsed,
    Line,
    Sheet,
    Unreadable,
)
from intake.spreadsheets.sources import OLE, ZIP, Source

# Excel counts days from here, and also counts 29 February 1900, a day that did not exist.
DAY_ZERO = datetime.datetime(1899, 12, 31)
DAYS_BEFORE_THE_GAP = 60
# In a workbook of the other date system, days are counted from here. No work was recorded in these years.
DAY_ZERO_1904 = datetime.datetime(1904, 1, 1)
YEARS_OF_DURATIONS = range(1899, 1910)
MILLISECOND = datetime.timedelta(milliseconds=1)
ONE_HIDDEN_ROW = Phrase(gettext_noop("The sheet has a hidden row; it was read too."))
HIDDEN_ROWS = gettext_noop("The sheet has %(count)s hidden rows; they were read too.")
# What the parts of a damaged workbook raise.
DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
# What names an encrypted workbook inside an OLE file.
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def open_workbook(source: Source) -> Generator[Sheet]:
    """Yield the workbook's sheets in order. Raises Unreadable."""
    file, ignored = source.workbook()
    try:
        with CalamineWorkbook.from_object(file) as workbook:
            require_few_sheets(source, len(workbook.sheets_metadata))
            marks = marks_of_sheets(file) if source.start.startswith(ZIP) else {}
            for index, meta in enumerate(workbook.sheets_metadata):
                sheet, own = workbook.get_sheet_by_index(index), marks.get(index, CellMarks())
                is_hidden = meta.visible != SheetVisibleEnum.Visible
                yield Sheet(LinesOf(sheet, own), meta.name, is_hidden=is_hidden, notes=ignored + notes_about(own))
    except (CalamineError, *DAMAGES) as error:
        raise unreadable_workbook(source, error) from None


def notes_about(marks: CellMarks) -> list[Phrase]:
    """Return what the owner of the file should know about the sheet: how many of its rows are hidden."""
    count = marks.hidden_rows
    return [Phrase(HIDDEN_ROWS, count=count) if count > 1 else ONE_HIDDEN_ROW] if count else []


def require_few_sheets(source: Source, count: int) -> None:
    """Raise Unreadable if the workbook has more sheets than the limit."""
    if count > LIMITS.most_sheets:
        words = gettext_noop("%(file)s has %(n)s sheets, and may have %(most)s: send those with the work.")
        raise Unreadable(words, file=source.name, n=count, most=LIMITS.most_sheets)


def unreadable_workbook(source: Source, error: Exception) -> Unreadable:
    """Return the refusal of a workbook that the parser refused, with what is wrong in words."""
    if isinstance(error, PasswordError) or is_encrypted(source):
        return Unreadable(gettext_noop("%(file)s is encrypted: save it without a password."), file=source.name)
    if source.start.startswith(OLE):
        words = gettext_noop("%(file)s is damaged, or no Excel workbook: save the table as .xlsx or as CSV (UTF-8).")
        return Unreadable(words, file=source.name)
    why = f"{type(error).__name__}: {error}"[:300]
    words = gettext_noop("%(file)s cannot be read: %(why)s. Open it in Excel and save it again.")
    return Unreadable(words, file=source.name, why=why)


def is_encrypted(source: Source) -> bool:
    """Return True if an OLE file holds an encrypted workbook, as Excel saves one that has a password."""
    return source.start.startswith(OLE) and ENCRYPTED in source.content()


class LinesOf:
    """The lines of one sheet of a workbook that have at least one filled cell, read anew at each call."""

    def __init__(self, sheet: CalamineSheet, marks: CellMarks) -> None:
        self._sheet, self._marks = sheet, marks
        self._merged = {} if marks.merged else merged_below(sheet)
        self._merged.update(marks.merged)

    def __call__(self) -> Iterator[Line]:
        start = self._sheet.start
        if start is None:
            return
        texts: dict[tuple[int, int], str] = {}
        origins = set(self._merged.values())
        for number, raw in enumerate(self._sheet.iter_rows(), start=1):
            cells = [cell if type(cell) is str else cell_of(cell) for cell in raw[:MOST_COLUMNS]]
            cells = [cell[:LONGEST_CELL] if type(cell) is str else cell for cell in cells]
            self._mark(cells, number - 1)
            self._fill_down(cells, number - 1, texts, origins)
            if any(cell != "" for cell in cells):
                yield Line(number, cells)

    def _mark(self, cells: list[Cell], row: int) -> None:
        """Put the broken cells of the row into it, and the unit that a cell's number format shows after its number."""
        for column, mark in self._marks.cells.get(row, {}).items():
            cells.extend([""] * (column + 1 - len(cells)))
            if isinstance(mark, BrokenCell):
                cells[column] = mark if cells[column] == "" else cells[column]
            elif isinstance(value := cells[column], float):
                cells[column] = f"{value:.15g} {mark}"

    def _fill_down(
        self, cells: list[Cell], row: int, texts: dict[tuple[int, int], str], origins: set[tuple[int, int]]
    ) -> None:
        """Repeat the text of a cell that is merged over several rows; a number counts once and stays where it is."""
        if not self._merged:
            return
        for column, cell in enumerate(cells):
            if (row, column) in origins and isinstance(cell, str):
                texts[row, column] = cell
            elif cell == "" and (origin := self._merged.get((row, column))):
                cells[column] = texts.get(origin, "")


def merged_below(sheet: CalamineSheet) -> dict[tuple[int, int], tuple[int, int]]:
    """Return, for each cell that a merged cell above covers, the position of this cell; positions count from 0."""
    below: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, _right) in (sheet.merged_cell_ranges or [])[:100_000]:
        if left < MOST_COLUMNS and len(below) < 1_000_000:
            below.update(dict.fromkeys(((row, left) for row in range(top + 1, bottom + 1)), (top, left)))
    return below


def cell_of(cell: Any) -> Cell:
    """Return the cell as text, a number, or a duration; a date becomes ISO text, a time of day a duration."""
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return float(cell) if math.isfinite(cell) else str(cell)
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime.time):
        moment = datetime.datetime.combine(DAY_ZERO, cell)
        return Elapsed(rounded(moment - DAY_ZERO))
    if isinstance(cell, datetime.timedelta):
        return Elapsed(rounded(cell))
    if isinstance(cell, datetime.date) and cell.year in YEARS_OF_DURATIONS:
        return Elapsed(rounded(since_day_zero(cell)))
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return str(cell)


def rounded(span: datetime.timedelta) -> int:
    """Return the span in whole milliseconds."""
    return round(span / MILLISECOND)


def since_day_zero(cell: datetime.date) -> datetime.timedelta:
    """Return a duration of a day or more, which Excel stores as a date and time after the first day it counts."""
    is_moment = isinstance(cell, datetime.datetime)
    moment = cell if is_moment else datetime.datetime(cell.year, cell.month, cell.day)
    if moment.year >= DAY_ZERO_1904.year:
        return moment - DAY_ZERO_1904
    elapsed: datetime.timedelta = moment - DAY_ZERO
    return elapsed + datetime.timedelta(days=1) if elapsed.days >= DAYS_BEFORE_THE_GAP - 1 else elapsed
