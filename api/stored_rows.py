"""Stored rows by their signed address: for workers that read the streams and have no key."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from events import artifacts
from events.artifact_links import LinkOver, reference_of

LINES = "application/x-ndjson"


@require_safe
def stored_rows(request: HttpRequest, token: str) -> HttpResponseBase:
    """The rows that the address was made for, a JSON document a line; 410 once it has expired, 404 for any other."""
    try:
        path = artifacts.path_of(reference_of(token, now=timezone.now()))
    except artifacts.ArtifactMissing as error:
        return HttpResponse(f"{error}\n", status=410 if isinstance(error, LinkOver) else 404, content_type="text/plain")
    response = StreamingHttpResponse(lines(path), content_type=LINES)
    response["Cache-Control"] = "private, no-store"
    return response


def lines(path: Path) -> Iterator[bytes]:
    """The stored document or documents, a line each."""
    with gzip.open(path) as stored:
        yield from stored
