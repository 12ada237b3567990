"""Read a spreadsheet that answers a question, with the same reader as the spreadsheets of requests."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile

from clarifications.forms import tables
from clarifications.forms.tables import FileRows
from intake import uploads
from intake.admission import admitted
from intake.spreadsheets.outside import Ingested, read_rows
from intake.spreadsheets.sheet import Unreadable
from intake.wording import in_words

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
    faults = [(d.row, d.column, in_words(d.title)) for d in ingested.reading.doubts]
    faults += [(w.row, w.column, in_words(w.message)) for w in ingested.warnings if not w.is_note]
    return FileRows(name, rows, numbers, columns, faults)
