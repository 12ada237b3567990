"""Read small tables in the test's own process, to see what each cell was taken for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from intake.spreadsheets.reading import Table
from intake.spreadsheets.rows import Row

MOST_WARNINGS = 1000


@dataclass(frozen=True)
class Read:
    """What was read from one file."""

    rows: list[Row]
    durations: list[float | None]
    table: Table

    @property
    def minutes(self) -> float:
        """Return the total in minutes, rounded to two places."""
        return round(sum(value or 0 for value in self.durations), 2)

    @property
    def texts(self) -> list[str]:
        return [row["text"] for row in self.rows]

    @property
    def breakdown(self) -> dict[str, float]:
        """Return the minutes of each category."""
        sums: dict[str, float] = {}
        for row in self.rows:
            sums[row["category"]] = sums.get(row["category"], 0) + (row["estimated_minutes"] or 0)
        return sums

    @property
    def warned_rows(self) -> list[int]:
        return [warning.row for warning in self.table.warnings]

    @property
    def messages(self) -> str:
        """Return all warnings as one text."""
        return "\n".join(warning.message for warning in self.table.warnings)

    @property
    def questions(self) -> dict[str, dict[str, float]]:
        """Return {field: {value: minutes}} of the doubts."""
        return {d.field: {c.value: round(c.minutes, 2) for c in d.choices} for d in self.table.reading.doubts}


def read_path(path: Path, answers: Mapping[str, str] | None = None) -> Read:
    """Return what is read from the file. Raises Unreadable."""
    table = Table(path, MOST_WARNINGS, answers)
    rows = list(table)
    return Read(rows, [row["estimated_minutes"] for row in rows], table)


def read_text(content: str | bytes, answers: Mapping[str, str] | None = None, name: str = "work.csv") -> Read:
    """Return what is read from a file with this content. Raises Unreadable."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_path(path, answers)


def read_workbook(sheets: dict[str, list[list[Any]]], answers: Mapping[str, str] | None = None) -> Read:
    """Return what is read from an XLSX workbook with these sheets; a cell (value, format) has a number format."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "work.xlsx"
        with xlsxwriter.Workbook(str(path)) as workbook:
            for name, lines in sheets.items():
                sheet = workbook.add_worksheet(name)
                for row, cells in enumerate(lines):
                    for column, cell in enumerate(cells):
                        value, shown = cell if isinstance(cell, tuple) else (cell, None)
                        style = workbook.add_format({"num_format": shown}) if shown else None
                        if value is not None:
                            sheet.write(row, column, value, style)
        return read_path(path, answers)
