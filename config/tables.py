"""Lets an answer be a spreadsheet: the reader of requests reads it."""

from itertools import islice
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from clarifications import tables
from portal import uploads
from workers.ingestion import Unreadable, read_rows


def read_table(file: "UploadedFile[Any]", most: int) -> list[dict[str, Any]]:
    """At most so many rows of the spreadsheet. Raises tables.Unreadable."""
    try:
        with uploads.on_disk(file) as kept:
            ingested = read_rows(kept, name=uploads.shown_name(file.name or ""))
            rows = [dict(row) for row in islice(ingested, most)]
            ingested.close()
            return rows
    except Unreadable as error:
        raise tables.Unreadable(str(error)) from error
