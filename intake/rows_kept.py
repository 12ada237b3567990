"""Keeping the rows of a file: inside the work context if they are few, else stored once, with a reference to them."""

from itertools import chain
from typing import Any

import orjson

from events import artifacts
from intake.spreadsheets import Ingested


def inline_or_stored(ingested: Ingested, most_bytes: int) -> dict[str, Any]:
    """Return {rows} if the rows have at most so many bytes as JSON, else store them and return {rows, rows_ref}."""
    rows, size = [], 2
    for row in ingested:
        rows.append(row)
        size += len(orjson.dumps(row)) + 1
        if size > most_bytes:
            reference = artifacts.store(chain(rows, ingested), media_type=artifacts.NDJSON)
            return {"rows": [], "rows_ref": reference}
    return {"rows": rows}
