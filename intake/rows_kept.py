"""Keeping the rows of a file: inside the work context if they are few, else stored once, with a reference to them."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from events import artifacts
from intake.spreadsheets.rows import Row


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
