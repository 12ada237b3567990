"""Read an upload once: what its preview shows and what its request sends are kept beside the file, for the next step.

The request that follows the preview with the same answers reads nothing. Everything kept is as private as the
upload, and is deleted with it: the rows become an artifact only when the request is sent.
"""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from django.utils import timezone

from accounts.models import User
from backlog.periods import FACTS, DatesOfRows
from events import artifacts
from intake.admission import admitted
from intake.inspection import require_known_answers
from intake.remembering import Learned, header_key, learned_from, read_as_decided
from intake.rows_kept import dates_of, inline_or_stored
from intake.spreadsheets.describing import Reading
from intake.spreadsheets.outside import Ingested
from intake.spreadsheets.phrases import encoded
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import MS_PER_MINUTE, NoHeader
from intake.spreadsheets.stored import Stored
from intake.submitting import FileContents, report_on, size_of_inline_rows, with_recalled
from intake.unread_rows import Unread
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


@dataclass(frozen=True)
class Asked:
    """How an upload is to be read: with which answers, and whose decisions about earlier files count."""

    answers: Mapping[str, str] = field(default_factory=dict)
    owner: User | None = None
    fresh: bool = False


def reading_of(upload: Upload, asked: Asked) -> dict[str, Any]:
    """Return what was read from the upload, as JSON; the file is read once for the same answers. Raises Unreadable."""
    reading = kept_reading(upload)
    if (reading.get("given"), reading.get("fresh")) != (dict(asked.answers), asked.fresh):
        with admitted(upload.path, upload.name) as sha256:
            reading = read_anew(upload, sha256, asked)
        content = encoded(reading)
        write_whole(beside(upload.path, READING_END), content)
        reading = orjson.loads(content)
    return reading


def kept_reading(upload: Upload) -> dict[str, Any]:
    """Return what was read last from the upload; empty if it was not read."""
    try:
        reading: dict[str, Any] = orjson.loads(beside(upload.path, READING_END).read_bytes())
    except FileNotFoundError:
        return {}
    return reading


def read_anew(upload: Upload, sha256: str, asked: Asked) -> dict[str, Any]:
    """Read the file and return what it says as JSON; many rows are stored beside it. Raises Unreadable."""
    owner, folder = None if asked.fresh else asked.owner, upload.path.parent
    try:
        read, recalled = read_as_decided(upload.path, upload.name, asked.answers, owner, folder)
    except NoHeader as error:
        if error.reading is None or asked.answers:
            raise
        return unnamed(error.reading, sha256, asked)
    answers = {**(recalled.answers if recalled else {}), **asked.answers}
    if isinstance(read, Ingested):
        require_known_answers(read.reading.doubts, answers)
        found = read_by_rows(upload, read)
        about: Ingested | Stored = read
    else:
        found, about = read_at_once(upload, *read), read[1]
    if found["context"] is not None:
        found["context"] |= {FACTS: found["dates"], **({"reading": answers} if answers else {})}
    return {
        **found,
        "given": dict(asked.answers),
        "fresh": asked.fresh,
        "answers": answers,
        "recalled": recalled.as_json() if recalled else None,
        "learned": asdict(learned_from(about, upload.name, answers)),
        "sha256": sha256,
        "report": with_recalled(report_on(about, upload.name, sha256), recalled),
    }


def unnamed(reading: Reading, sha256: str, asked: Asked) -> dict[str, Any]:
    """Return what a file says of whose columns a person has to say first what they are, as JSON."""
    empty = Stored({}, reading)
    return {
        **shown_of(empty, [], 0.0, 0),
        "dates": DatesOfRows().facts(timezone.now().date(), has_minutes=False),
        "context": None,
        "is_unnamed": True,
        "given": {},
        "fresh": asked.fresh,
        "answers": {},
        "recalled": None,
        "learned": asdict(Learned(header_key(reading), "", {}, is_open=True)),
        "sha256": sha256,
    }


def read_by_rows(upload: Upload, ingested: Ingested) -> dict[str, Any]:
    """Return what a file says while its rows go by, as JSON, with the `context` and the `dates` of its rows."""
    seen, dates = Seen(), DatesOfRows()
    rows, has_doubts = seen.of(dates.watch(ingested)), bool(ingested.reading.doubts)
    if has_doubts:
        # Which rows will be sent depends on the answers: the rows are only counted.
        context = None
        for _row in rows:
            pass
    else:
        context = rows_beside(upload, rows)
    facts = dates.facts(timezone.now().date(), has_minutes=not has_doubts)
    shown = shown_of(ingested, seen.first, math.fsum(seen.durations), ingested.rows_read - len(seen.durations))
    return {**shown, "dates": facts, "context": context}


def read_at_once(upload: Upload, context: dict[str, Any], stored: Stored) -> dict[str, Any]:
    """Return what a file says whose rows were stored while it was read, as JSON."""
    keep_rows_beside(upload, context["rows_ref"])
    facts = dates_of(stored).facts(timezone.now().date())
    shown = shown_of(stored, stored.first, stored.milliseconds / MS_PER_MINUTE, stored.without_duration)
    return {**shown, "dates": facts, "context": context}


def rows_beside(upload: Upload, rows: Iterator[Row]) -> dict[str, Any]:
    """Return the rows for the work context: few inside, many as a reference to a file kept beside the upload."""
    context = inline_or_stored(rows, size_of_inline_rows(), folder=upload.path.parent)
    if reference := context.get("rows_ref"):
        keep_rows_beside(upload, reference)
    return context


def keep_rows_beside(upload: Upload, reference: dict[str, Any]) -> None:
    """Give the file of the rows the name of the upload's rows."""
    # What an earlier reading kept must never stand beside the rows of this one.
    beside(upload.path, READING_END).unlink(missing_ok=True)
    os.replace(upload.path.parent / reference["id"], beside(upload.path, ROWS_END))


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
        "names": read.reading.names,
        "roles": read.reading.roles,
        "samples": read.reading.samples,
        "unit": read.reading.columns.get("duration", {}).get("unit"),
        "sheets_read": sum(sheet["read"] for sheet in read.reading.sheets),
        "set_aside": asdict(read.set_aside),
    }


def kept_contents(upload: Upload, asked: Asked) -> FileContents | None:
    """Return what the preview has read for the request, its rows stored for good; None if the file has to be read.

    It has to if it left something open, or if no preview has read it with these answers.
    """
    try:
        reading = orjson.loads(beside(upload.path, READING_END).read_bytes())
        context = reading["context"]
        if context is None or (reading["given"], reading["fresh"]) != (dict(asked.answers), asked.fresh):
            return None
        if reference := context.get("rows_ref"):
            artifacts.adopt(beside(upload.path, ROWS_END), reference)
    except FileNotFoundError:
        return None
    aside = reading["set_aside"]
    unread = Unread(reading["names"], aside["unread"], aside["unread_count"])
    return FileContents(context, reading["report"], Learned(**reading["learned"]), unread)


def write_whole(path: Path, content: bytes) -> None:
    """Write the private file so that nobody sees it half written. Raises StorageFull."""
    with artifacts.new_file(path.parent) as file:
        file.write(content)
        file.flush()
        os.replace(file.name, path)
