"""The preview of a spreadsheet: a person checks what was read from the file before the request is sent."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy

from backlog.periods import FACTS, DatesOfRows, with_period
from intake.rows_kept import dates_of, is_large
from intake.spreadsheets import Doubt, Ingested, RowWarning, Unreadable, read_rows
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import MS_PER_MINUTE
from intake.spreadsheets.stored import ColumnsFailed, Stored, store_rows
from intake.uploads import Upload

MOST_ROWS = 10
ROLES = {
    "text": gettext_lazy("What was done"),
    "category": gettext_lazy("Category"),
    "duration": gettext_lazy("Duration"),
}


@dataclass(frozen=True)
class Preview:
    """What was read from one file: its columns as (header, role in words), first rows, counts and first warnings.

    While `doubts` is not empty, the minutes are those of the first choice of each doubt.
    """

    name: str
    columns: list[tuple[str, str]]
    rows: list[Row]
    rows_read: int
    minutes: float
    without_minutes: int
    warnings: Sequence[RowWarning]
    row_warnings: int
    doubts: Sequence[Doubt] = ()
    # The period that the dates of the rows settle; None if a person will be asked.
    period: dict[str, Any] | None = None

    @property
    def hours(self) -> float:
        return self.minutes / 60

    @property
    def missing(self) -> list[str]:
        """Return the roles, in words, that no column of the file has."""
        present = {role for _header, role in self.columns}
        return [str(words) for words in ROLES.values() if str(words) not in present]

    @property
    def more_warnings(self) -> int:
        """Return the number of warnings that are counted and not listed in `warnings`."""
        return self.row_warnings - len(self.warnings)


def preview_upload(upload: Upload) -> Preview:
    """Read the whole upload once and return its preview. Raises Unreadable; the message uses the owner's file name."""
    try:
        return read_preview(upload.path, upload.name)
    except Unreadable as error:
        raise type(error)(with_own_file_name(error, upload)) from error


def with_own_file_name(error: Unreadable, upload: Upload) -> str:
    """Return the error's message with the owner's file name in place of the stored path."""
    return str(error).replace(str(upload.path), upload.name).replace(upload.path.name, upload.name)


def read_preview(path: Path, name: str) -> Preview:
    """Return the preview of the file at `path`; `name` is the owner's name for the file. Raises Unreadable."""
    if is_large(path):
        with suppress(ColumnsFailed):
            stored = store_rows(path, None, name=name)
            if not stored.reading.doubts:
                minutes = stored.milliseconds / MS_PER_MINUTE
                return preview_of(name, stored, stored.first, minutes, stored.without_duration, dates_of(stored))
    ingested = read_rows(path, name=name)
    first: list[Row] = []
    durations: list[float] = []
    dates = DatesOfRows()
    for row in dates.watch(ingested):
        if len(first) < MOST_ROWS:
            first.append(row)
        if row["estimated_minutes"] is not None:
            durations.append(row["estimated_minutes"])
    without = ingested.rows_read - len(durations)
    return preview_of(name, ingested, first, math.fsum(durations), without, dates)


def preview_of(
    name: str, read: Ingested | Stored, first: list[Row], minutes: float, without: int, dates: DatesOfRows
) -> Preview:
    """Return the preview of a file that was read to its end; `without` is the number of rows without a duration."""
    facts = dates.facts(timezone.now().date(), has_minutes=not read.reading.doubts)
    return Preview(
        name=name,
        columns=[(read.columns[role], str(words)) for role, words in ROLES.items() if role in read.columns],
        rows=first,
        rows_read=read.rows_read,
        minutes=minutes,
        without_minutes=without,
        warnings=read.warnings,
        row_warnings=read.row_warnings,
        doubts=read.reading.doubts,
        period=with_period({FACTS: facts}).get("period"),
    )
