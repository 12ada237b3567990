"""The rows of a file that could not be read, kept for their sender: to be corrected and sent again."""

from dataclasses import dataclass
from typing import Any

from intake.spreadsheets.outside import Ingested
from intake.spreadsheets.stored import Stored


@dataclass(frozen=True)
class Unread:
    """The rows that could not be read completely: the names of the columns, the first such rows, how many there are."""

    headers: list[str]
    rows: list[dict[str, Any]]
    count: int


def unread_of(ingested: Ingested | Stored) -> Unread:
    """Return the rows that could not be read completely, once all rows are read."""
    aside = ingested.set_aside
    return Unread(ingested.reading.names, aside.unread, aside.unread_count)
