"""Answers given as a spreadsheet. The `intake` room registers the reader, because this room may not import it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LARGEST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 1000
MOST_FAULTS = 20


@dataclass(frozen=True)
class FileRows:
    """The rows of a spreadsheet file.

    `numbers` has the row number in the file for each of the `rows`, `columns` the heading in the file for each key.
    `faults` are (row number, heading, reason) for cells that could not be read.
    """

    name: str
    rows: list[dict[str, Any]]
    numbers: list[int]
    columns: Mapping[str, str]
    faults: Sequence[tuple[int, str | None, str]] = ()

    def fault_at(self, pointer: str, words: str) -> str:
        """Return the words for a fault at a JSON Pointer into the rows, with the row and column of the file."""
        at, _sep, key = pointer.strip("/").partition("/")
        if not at.isdigit() or int(at) >= len(self.numbers):
            return words
        return self.fault(self.numbers[int(at)], self.columns.get(key), words)

    def fault(self, row: int, column: str | None, words: str) -> str:
        """Return the words for a fault in a row of the file, and in a column if one is given."""
        values = {"row": row, "file": self.name, "column": column, "why": words}
        if column is None:
            return _("Row %(row)s of %(file)s: %(why)s") % values
        return _("Row %(row)s of %(file)s, column %(column)s: %(why)s") % values


# Reads an uploaded file up to a number of rows. Raises Unreadable.
Reader = Callable[["UploadedFile[Any]", int], FileRows]

# The registered reader; empty if no room has registered one.
readers: list[Reader] = []


class Unreadable(Exception):
    """The file has no table that can be read; the message says why."""


def register_reader(reader: Reader) -> None:
    """Register the reader, so that answers can be given as a spreadsheet; it replaces an earlier one."""
    readers[:] = [reader]


def takes_table(schema: Mapping[str, Any]) -> bool:
    """Return True if the answer is a list of tasks and a reader of spreadsheets is registered."""
    items = schema.get("items") or {}
    is_table = schema.get("type") == "array" and "text" in (items.get("properties") or {})
    return bool(readers) and is_table


def rows_of(upload: "UploadedFile[Any]", schema: Mapping[str, Any]) -> FileRows:
    """Return the rows of an uploaded spreadsheet. Raises ValidationError, also if only some cells cannot be read.

    There is no preview of the rows before they are accepted as the answer, so a faulty row is never just left out.
    """
    if (upload.size or 0) > LARGEST_BYTES:
        raise ValidationError(_("The file is larger than %(n)s MB.") % {"n": LARGEST_BYTES // 1024 // 1024})
    most = int(schema.get("maxItems", MOST_ROWS))
    try:
        file_rows = readers[0](upload, most + 1)
    except Unreadable as error:
        raise ValidationError(_("This file cannot be read: %(why)s") % {"why": error}) from error
    if len(file_rows.rows) > most:
        words = _("An answer takes at most %(n)s rows. Send a new request with this file instead.")
        raise ValidationError(words % {"n": most})
    if file_rows.faults:
        raise ValidationError(faults_in_words(file_rows))
    known = schema["items"]["properties"]
    rows = [{key: value for key, value in row.items() if key in known} for row in file_rows.rows]
    return replace(file_rows, rows=rows)


def faults_in_words(file_rows: FileRows) -> list[str]:
    """Return the first MOST_FAULTS faults in words, and a line with the number of the others."""
    words = [file_rows.fault(*fault) for fault in file_rows.faults[:MOST_FAULTS]]
    rest = len(file_rows.faults) - MOST_FAULTS
    if rest > 0:
        more = ngettext("and %(n)s row more.", "and %(n)s rows more.", rest) % {"n": rest}
        return [*words, more]
    return words
