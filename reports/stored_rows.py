"""The rows of a request, wherever they are kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from events.artifacts import path_of
from intake.spreadsheets.lines import documents_of_parquet
from intake.spreadsheets.rows import Rows, is_parquet
from reports.contents import count_at, object_at, objects_at


def rows_of_request(data: Mapping[str, Any]) -> Iterable[Any]:
    """Return the rows of a work context, from the context itself or from where they are stored.

    Raises ArtifactMissing if they are not stored here any more.
    """
    reference = object_at(data, "rows_ref")
    if not reference:
        return Rows.of(objects_at(data, "rows"))
    path, total = path_of(dict(reference)), count_at(reference, "rows") or 0
    if is_parquet(path):
        # Not `Rows.from_file`: a web process reads it without polars.
        return Rows(lambda: documents_of_parquet(path), total)
    return Rows.from_ndjson(path, total)
