"""Keeping the rows of a file: inside the work context if they are few, else stored once, with a reference to them."""

import os
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import IO, Any

import orjson
from django.conf import settings

from backlog.periods import DatesOfRows
from events import artifacts
from intake.spreadsheets.rows import Row
from intake.spreadsheets.stored import ColumnsFailed, Stored, store_rows


def inline_or_stored(source: Iterator[Row], most_bytes: int, folder: Path | None = None) -> dict[str, Any]:
    """Return {rows} if the rows have at most so many bytes as JSON, else store them and return {rows, rows_ref}.

    They are stored in the artifact store, or in the folder, to be adopted later.
    """
    rows, size = [], 2
    for row in source:
        rows.append(row)
        size += len(orjson.dumps(row)) + 1
        if size > most_bytes:
            reference = artifacts.store(chain(rows, source), media_type=artifacts.NDJSON, folder=folder)
            return {"rows": [], "rows_ref": reference}
    return {"rows": rows}


def is_large(file: Path | IO[bytes]) -> bool:
    """Return True if the rows of the file are too many for an event: it is larger than those may be."""
    try:
        size = os.stat(file if isinstance(file, Path) else file.fileno()).st_size
    except OSError:
        return False
    return size > settings.CLAIM_CHECK_BYTES


def dates_of(stored: Stored) -> DatesOfRows:
    """Return what the dates of the stored rows say."""
    return DatesOfRows.counted(stored.rows_read, stored.milliseconds, stored.by_day, stored.people)


def stored_at_once(
    file: Path | IO[bytes], name: str, answers: Mapping[str, str], folder: Path | None = None
) -> tuple[dict[str, Any], Stored] | None:
    """Read a large file into Parquet; return {rows, rows_ref} and what was read, or None if it has to be read by rows.

    It has if it is small or in doubt, or if the reading by columns failed. The Parquet file is an artifact, or lies in
    the folder. Raises Unreadable.
    """
    if not is_large(file):
        return None
    try:
        with artifacts.new_file(folder) as target:
            stored = store_rows(file, target, name=name, answers=answers)
            if stored.reading.doubts:
                return None
            reference = artifacts.keep_file(target, rows=stored.rows_read, media_type=artifacts.PARQUET)
    except ColumnsFailed:
        return None
    return {"rows": [], "rows_ref": reference}, stored
