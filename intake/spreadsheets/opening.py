"""Open a file as sheets, whatever its format; and what its numbers say about the decimal mark."""

from collections.abc import Generator
from pathlib import Path

from intake.spreadsheets.delimited import open_delimited
from intake.spreadsheets.durations import DecimalMark, quantity_of
from intake.spreadsheets.layout import Layout
from intake.spreadsheets.phrases import gettext_noop
from intake.spreadsheets.sheet import Line, Sheet, Unreadable
from intake.spreadsheets.sources import OLE, PDF, ZIP, Source


def open_sheets(path: Path) -> Generator[Sheet]:
    """Yield the file's sheets. The file's first bytes decide the format, not its name. Raises Unreadable."""
    source = Source(path)
    if source.start.startswith(PDF):
        words = gettext_noop("%(file)s is a PDF: send the spreadsheet it was made from, as .xlsx or CSV.")
        raise Unreadable(words, file=path.name)
    if source.start.startswith((ZIP, OLE)):
        from intake.spreadsheets.workbook import open_workbook  # text needs none of what this imports

        yield from open_workbook(source)
    else:
        yield open_delimited(source)


def decimal_mark(layout: Layout, sample: list[Line]) -> DecimalMark:
    """Return the decimal mark that numbers anywhere in the sample prove; empty if none does or both are used."""
    proven = {
        quantity_of(cell).mark for line in sample for cell in line.cells if isinstance(cell, str) and len(cell) < 16
    }
    if proven >= {",", "."}:
        return ""
    return "," if "," in proven else "." if "." in proven else ""
