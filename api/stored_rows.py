"""Download of stored rows by a signed link, for workers that read the streams and have no API key."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import artifacts
from events.artifact_links import LinkOver, reference_of

NDJSON_MEDIA_TYPE = "application/x-ndjson"


@require_safe
def stored_rows(request: HttpRequest, token: str) -> HttpResponseBase:
    """Return the rows of the link, one JSON document on each line; 410 for an expired link, 404 for any other."""
    try:
        path = artifacts.path_of(reference_of(token, now=timezone.now()))
    except artifacts.ArtifactMissing as error:
        return HttpResponse(f"{error}\n", status=410 if isinstance(error, LinkOver) else 404, content_type="text/plain")
    response = StreamingHttpResponse(stored_lines(path), content_type=NDJSON_MEDIA_TYPE)
    response["Cache-Control"] = "private, no-store"
    return response


def stored_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of the stored file, each a JSON document."""
    with gzip.open(path) as stored:
        yield from stored
