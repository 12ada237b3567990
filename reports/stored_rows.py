"""The rows of a request, wherever they are kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from events.artifacts import NDJSON, ArtifactMissing, path_of
from intake.spreadsheets.rows import Rows
from reports.contents import count_at, object_at, objects_at


def rows_of_request(data: Mapping[str, Any]) -> Iterable[Any]:
    """Return the rows of a work context, from the context itself or from where they are stored.

    Raises ArtifactMissing if they are not stored here any more, or in another form.
    """
    reference = object_at(data, "rows_ref")
    if not reference:
        return Rows.of(objects_at(data, "rows"))
    if reference.get("media_type") != NDJSON:
        raise ArtifactMissing(f"Rows of the type {str(reference.get('media_type'))[:80]!r} cannot be listed here.")
    return Rows.from_ndjson(path_of(dict(reference)), count_at(reference, "rows") or 0)
