"""A table as an answer: its rows out of a spreadsheet, by the reader that the system registers."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

# Reads at most so many rows of a file; raises Unreadable.
Reader = Callable[["UploadedFile[Any]", int], list[dict[str, Any]]]

LARGEST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 1000

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


def rows_of(upload: "UploadedFile[Any]", schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of an uploaded spreadsheet. Raises ValidationError."""
    if (upload.size or 0) > LARGEST_BYTES:
        raise ValidationError(_("The file is larger than %(n)s MB.") % {"n": LARGEST_BYTES // 1024 // 1024})
    most = int(schema.get("maxItems", MOST_ROWS))
    try:
        rows = readers[0](upload, most + 1)
    except Unreadable as error:
        raise ValidationError(_("This file cannot be read: %(why)s") % {"why": error}) from error
    if len(rows) > most:
        words = _("An answer takes at most %(n)s rows. Send a new request with this file instead.")
        raise ValidationError(words % {"n": most})
    return rows
