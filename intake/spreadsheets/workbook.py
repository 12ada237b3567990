"""Read Excel workbooks, after checks for hostile files. The parser may crash its process: run it as `child` does."""

import datetime
import math
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from intake.spreadsheets.columns import MOST_COLUMNS
from intake.spreadsheets.sheet import (
    LONGEST_CELL,
    MOST_UNPACKED_BYTES,
    TOO_LARGE,
    Cell,
    Elapsed,
    Line,
    Sheet,
    Unreadable,
)

MOST_MEMBERS = 10_000

# Excel counts days from here, and also counts 29 February 1900, a day that did not exist.
DAY_ZERO = datetime.datetime(1899, 12, 31)
DAYS_BEFORE_THE_GAP = 60


def open_workbook(path: Path) -> Generator[Sheet]:
    """Yield the workbook's sheets in order. Raises Unreadable."""
    require_safe_workbook(path)
    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            for index in range(len(workbook.sheet_names)):
                yield Sheet(lines_of(workbook.get_sheet_by_index(index)))
    except CalamineError as error:
        why = f"{type(error).__name__}: {error}"[:300]
        raise Unreadable(f"{path.name} cannot be read: {why}. Open it in Excel and save it again.") from None


def require_safe_workbook(path: Path) -> None:
    """Raise Unreadable unless the ZIP directory lists an unencrypted workbook within the limits of size."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable(f"{path.name} is a damaged workbook: open it in Excel and save it again.") from None
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise Unreadable(f"{path.name} is no Excel workbook: save the table as .xlsx or as CSV (UTF-8).")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(f"{path.name} is encrypted: save it without a password.")
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED_BYTES:
        raise Unreadable(TOO_LARGE.format(path.name))


def lines_of(sheet: CalamineSheet) -> Iterator[Line]:
    """Yield the sheet's lines that have at least one filled cell."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if any(cell != "" for cell in cells):
            yield Line(number, [cell_of(cell) for cell in cells[:MOST_COLUMNS]])


def cell_of(cell: Any) -> Cell:
    """Return the cell as text, a number, or a duration; a date becomes ISO text, a time of day a duration."""
    if isinstance(cell, str):
        return cell[:LONGEST_CELL].strip()
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime.time):
        return Elapsed(cell.hour * 60 + cell.minute + cell.second / 60 + cell.microsecond / 60_000_000)
    if isinstance(cell, datetime.timedelta):
        return Elapsed(cell.total_seconds() / 60)
    if isinstance(cell, datetime.datetime) and cell.year <= DAY_ZERO.year + 1:
        return Elapsed(since_day_zero(cell))
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return float(cell) if math.isfinite(cell) else str(cell)


def since_day_zero(moment: datetime.datetime) -> float:
    """Return in minutes a duration of a day or more, which Excel stores as a date and time after DAY_ZERO."""
    elapsed = moment - DAY_ZERO
    if elapsed.days >= DAYS_BEFORE_THE_GAP - 1:
        elapsed += datetime.timedelta(days=1)
    return elapsed.total_seconds() / 60
