"""Lets an answer be a spreadsheet: the reader of requests reads it."""

from itertools import islice
from pathlib import Path
from typing import Any

from clarifications import tables
from workers.ingestion import Unreadable, read_rows


def read_table(path: Path, most: int) -> list[dict[str, Any]]:
    """At most so many rows of the spreadsheet. Raises tables.Unreadable."""
    try:
        return [dict(row) for row in islice(read_rows(path), most)]
    except Unreadable as error:
        raise tables.Unreadable(str(error)) from error
