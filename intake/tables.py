"""Read a spreadsheet that answers a question, with the same reader as the spreadsheets of requests."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile

from clarifications.forms import tables
from clarifications.forms.tables import FileRows
from intake import uploads
from intake.admission import admitted
from intake.spreadsheets import Ingested, Unreadable, read_rows

# The key in a row for each role of a column.
KEYS = {"text": "text", "category": "category", "duration": "estimated_minutes"}


def read_table(file: "UploadedFile[Any]", most: int) -> FileRows:
    """Return the first `most` rows of the spreadsheet. Raises tables.Unreadable."""
    try:
        name = uploads.display_name(file.name or "")
        with uploads.as_file_on_disk(file) as opened_file, admitted(opened_file, name):
            return first_rows(read_rows(opened_file, name=name), name, most)
    except Unreadable as error:
        raise tables.Unreadable(str(error)) from error


def first_rows(ingested: Ingested, name: str, most: int) -> FileRows:
    """Return the first `most` rows without their empty cells, and stop reading. Raises Unreadable.

    An open doubt is a fault: nobody is there to settle it, so that the durations must not be used.
    """
    rows, numbers = [], []
    for row in ingested:
        rows.append({key: value for key, value in row.items() if value not in (None, "")})
        numbers.append(ingested.row_number)
        if len(rows) == most:
            break
    ingested.close()
    columns = {KEYS[role]: header for role, header in ingested.columns.items()}
    faults = [(doubt.row, doubt.column, doubt.title) for doubt in ingested.reading.doubts]
    faults += [(warning.row, warning.column, warning.message) for warning in ingested.warnings if not warning.is_note]
    return FileRows(name, rows, numbers, columns, faults)
