"""Read an upload once: what its preview shows and what its request sends are kept beside the file, for the next step.

Without answers about the file, the request that follows the preview reads nothing. Everything kept is as private as the
upload, and is deleted with it: the rows become an artifact only when the request is sent.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from django.utils import timezone

from backlog.periods import FACTS, DatesOfRows
from events import artifacts
from intake.admission import admitted
from intake.rows_kept import dates_of, inline_or_stored, stored_at_once
from intake.spreadsheets import Ingested, read_rows
from intake.spreadsheets.phrases import encoded
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import MS_PER_MINUTE
from intake.spreadsheets.stored import Stored
from intake.submitting import FileContents, report_on, size_of_inline_rows
from intake.uploads import READING_END, ROWS_END, Upload, beside

MOST_FIRST_ROWS = 10


@dataclass
class Seen:
    """What the preview shows of the rows, noted while they go by."""

    first: list[Row] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)

    def of(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the rows unchanged."""
        for row in rows:
            if len(self.first) < MOST_FIRST_ROWS:
                self.first.append(row)
            if row["estimated_minutes"] is not None:
                self.durations.append(row["estimated_minutes"])
            yield row


def reading_of(upload: Upload) -> dict[str, Any]:
    """Return what was read from the upload, as JSON; the first call reads the file, once. Raises Unreadable."""
    kept = beside(upload.path, READING_END)
    try:
        reading: dict[str, Any] = orjson.loads(kept.read_bytes())
    except FileNotFoundError:
        with admitted(upload.path, upload.name) as sha256:
            reading = read_anew(upload, sha256)
        content = encoded(reading)
        write_whole(kept, content)
        reading = orjson.loads(content)
    return reading


def read_anew(upload: Upload, sha256: str) -> dict[str, Any]:
    """Read the file and return what it says as JSON; many rows are stored beside it. Raises Unreadable."""
    if at_once := stored_at_once(upload.path, upload.name, {}, folder=upload.path.parent):
        return read_at_once(upload, sha256, *at_once)
    ingested, seen, dates = read_rows(upload.path, name=upload.name), Seen(), DatesOfRows()
    rows, has_doubts = seen.of(dates.watch(ingested)), bool(ingested.reading.doubts)
    if has_doubts:
        # Which rows will be sent depends on the answers: the rows are only counted.
        context = None
        for _row in rows:
            pass
    else:
        context = rows_beside(upload, rows)
    facts = dates.facts(timezone.now().date(), has_minutes=not has_doubts)
    if context is not None:
        context[FACTS] = facts
    report = report_on(ingested, upload.name, sha256)
    shown = shown_of(ingested, seen.first, math.fsum(seen.durations), ingested.rows_read - len(seen.durations))
    return {**shown, "sha256": sha256, "dates": facts, "context": context, "report": report}


def read_at_once(upload: Upload, sha256: str, context: dict[str, Any], stored: Stored) -> dict[str, Any]:
    """Return what a file says whose rows were stored while it was read, as JSON."""
    os.replace(upload.path.parent / context["rows_ref"]["id"], beside(upload.path, ROWS_END))
    context[FACTS] = dates_of(stored).facts(timezone.now().date())
    shown = shown_of(stored, stored.first, stored.milliseconds / MS_PER_MINUTE, stored.without_duration)
    report = report_on(stored, upload.name, sha256)
    return {**shown, "sha256": sha256, "dates": context[FACTS], "context": context, "report": report}


def rows_beside(upload: Upload, rows: Iterator[Row]) -> dict[str, Any]:
    """Return the rows for the work context: few inside, many as a reference to a file kept beside the upload."""
    context = inline_or_stored(rows, size_of_inline_rows(), folder=upload.path.parent)
    if reference := context.get("rows_ref"):
        os.replace(upload.path.parent / reference["id"], beside(upload.path, ROWS_END))
    return context


def shown_of(read: Ingested | Stored, first: list[Row], minutes: float, without_minutes: int) -> dict[str, Any]:
    """Return what a preview shows, as JSON."""
    return {
        "columns": read.columns,
        "rows": first,
        "rows_read": read.rows_read,
        "minutes": minutes,
        "without_minutes": without_minutes,
        "warnings": [astuple(warning) for warning in read.warnings],
        "row_warnings": read.row_warnings,
        "doubts": [asdict(doubt) for doubt in read.reading.doubts],
    }


def kept_contents(upload: Upload) -> FileContents | None:
    """Return what the preview has read for the request, its rows stored for good; None if the file has to be read.

    It has to if it left something open, or if no preview has read it.
    """
    try:
        reading = orjson.loads(beside(upload.path, READING_END).read_bytes())
        context = reading["context"]
        if context is None:
            return None
        if reference := context.get("rows_ref"):
            artifacts.adopt(beside(upload.path, ROWS_END), reference)
    except FileNotFoundError:
        return None
    return FileContents(context, reading["report"])


def write_whole(path: Path, content: bytes) -> None:
    """Write the private file so that nobody sees it half written."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    os.replace(unfinished, path)
