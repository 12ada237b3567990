"""Download of stored rows, as lines or as Parquet: by a signed link, for workers of the streams, and for leases.

Rows are stored as Parquet, or as lines by older versions and where they came in a request. Whoever does not ask for
Parquet gets lines: that is what every version gave. They are made of Parquet in another process, so that this one holds
neither the rows nor the engine that reads them.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import artifacts
from events.artifact_links import LinkOver, reference_of
from intake.spreadsheets.lines import lines_of_parquet
from intake.spreadsheets.rows import is_parquet

NDJSON_MEDIA_TYPE = "application/x-ndjson"
NO_PARQUET = "These data are stored as lines and not as Parquet: fetch them without format=parquet.\n"


@require_safe
def stored_rows(request: HttpRequest, token: str) -> HttpResponseBase:
    """Return the rows of the link, one JSON document on each line, or Parquet for `?format=parquet`.

    410 for an expired link, 404 for any other, 406 for Parquet of rows that are stored as lines.
    """
    try:
        path = artifacts.path_of(reference_of(token, now=timezone.now()))
    except artifacts.ArtifactMissing as error:
        return HttpResponse(f"{error}\n", status=410 if isinstance(error, LinkOver) else 404, content_type="text/plain")
    as_parquet = request.GET.get("format") == "parquet" or request.headers.get("Accept") == artifacts.PARQUET
    if as_parquet and not is_parquet(path):
        return HttpResponse(NO_PARQUET, status=406, content_type="text/plain")
    response = download_of(path, as_parquet=as_parquet)
    response["Cache-Control"] = "private, no-store"
    return response


def download_of(path: Path, *, as_parquet: bool) -> HttpResponseBase:
    """Return the stored file as it is, which is Parquet, or its rows as lines."""
    if as_parquet:
        return FileResponse(path.open("rb"), content_type=artifacts.PARQUET)
    return StreamingHttpResponse(stored_lines(path), content_type=NDJSON_MEDIA_TYPE)


def stored_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of the stored file, each a JSON document; of a Parquet file many at a time."""
    if is_parquet(path):
        yield from lines_of_parquet(path)
        return
    with gzip.open(path) as stored:
        yield from stored
