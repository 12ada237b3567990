"""A table as an answer: its rows out of a spreadsheet, by the reader that the system registers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    """The rows of a file, the number that the spreadsheet gives to each, and what each key's column is called there.

    `faults` are (row, column, why) of what could not be read.
    """

    name: str
    rows: list[dict[str, Any]]
    numbers: list[int]
    columns: Mapping[str, str]
    faults: Sequence[tuple[int, str | None, str]] = ()

    def fault_at(self, pointer: str, words: str) -> str:
        """What is wrong at a place of the rows (a JSON Pointer), with the file's own row and column."""
        at, _sep, key = pointer.strip("/").partition("/")
        if not at.isdigit() or int(at) >= len(self.numbers):
            return words
        return self.fault(self.numbers[int(at)], self.columns.get(key), words)

    def fault(self, row: int, column: str | None, words: str) -> str:
        """What is wrong in a row of the file."""
        said = {"row": row, "file": self.name, "column": column, "why": words}
        if column is None:
            return _("Row %(row)s of %(file)s: %(why)s") % said
        return _("Row %(row)s of %(file)s, column %(column)s: %(why)s") % said


# Reads at most so many rows of a file; raises Unreadable.
Reader = Callable[["UploadedFile[Any]", int], FileRows]

readers: list[Reader] = []


class Unreadable(Exception):
    """The file holds no table that can be read; the message says why."""


def register_reader(reader: Reader) -> None:
    """Let answers be given as a spreadsheet."""
    readers[:] = [reader]


def takes_table(schema: Mapping[str, Any]) -> bool:
    """Whether an answer is a list of tasks, and spreadsheets can be read."""
    items = schema.get("items") or {}
    is_table = schema.get("type") == "array" and "text" in (items.get("properties") or {})
    return bool(readers) and is_table


def rows_of(upload: "UploadedFile[Any]", schema: Mapping[str, Any]) -> FileRows:
    """The rows of an uploaded spreadsheet. Raises ValidationError, also where some of it could not be read.

    Nobody looks at what was read before it counts, so nothing is left out without a word.
    """
    if (upload.size or 0) > LARGEST_BYTES:
        raise ValidationError(_("The file is larger than %(n)s MB.") % {"n": LARGEST_BYTES // 1024 // 1024})
    most = int(schema.get("maxItems", MOST_ROWS))
    try:
        found = readers[0](upload, most + 1)
    except Unreadable as error:
        raise ValidationError(_("This file cannot be read: %(why)s") % {"why": error}) from error
    if len(found.rows) > most:
        words = _("An answer takes at most %(n)s rows. Send a new request with this file instead.")
        raise ValidationError(words % {"n": most})
    if found.faults:
        raise ValidationError(faults_in_words(found))
    return found


def faults_in_words(found: FileRows) -> list[str]:
    """What could not be read, row by row, and how much more of it there is."""
    words = [found.fault(*fault) for fault in found.faults[:MOST_FAULTS]]
    rest = len(found.faults) - MOST_FAULTS
    if rest > 0:
        more = ngettext("and %(n)s row more.", "and %(n)s rows more.", rest) % {"n": rest}
        return [*words, more]
    return words
