"""Endpoint for the large parts of the work context of a leased item, which its dispatch names by reference."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request

from api.endpoint import ApiView, row_or_404
from api.openapi import endpoint
from api.renderers import json_and
from api.stored_rows import NDJSON_MEDIA_TYPE, download_of
from api.work import WORKER, holder_of
from backlog.models import Lease
from events import artifacts
from events.models import Event
from intake.spreadsheets.rows import is_parquet

FORMAT = OpenApiParameter(
    "format", str, enum=["ndjson", "parquet"], description="The form of rows: `ndjson`, the default, or `parquet`."
)


class Artifact(ApiView):
    """A large part of the work context of a leased item."""

    rules = {"GET": WORKER}
    renderer_classes = json_and(ndjson=NDJSON_MEDIA_TYPE, parquet=artifacts.PARQUET)

    @endpoint(
        "work_artifact", "Read a large part of the work context",
        gives={(200, NDJSON_MEDIA_TYPE): OpenApiTypes.STR, (200, artifacts.PARQUET): OpenApiTypes.BINARY},
        refuses=[404, 406, 409], parameters=[FORMAT],
    )  # fmt: skip
    def get(self, request: Request, lease: UUID, digest: str) -> HttpResponseBase:
        """The data of a reference in the work context, such as `rows_ref`: one JSON document on each line.

        Rows whose `media_type` is Parquet can be had as such, by `?format=parquet` or by the Accept header.
        """
        held = row_or_404(Lease.objects.filter(holder=holder_of(self, lease)), token=lease)
        dispatch = Event.objects.get(event_id=held.dispatch_id)
        reference = next(
            (ref for ref in artifact_references(dispatch.payload["work_context"]) if ref["id"] == digest), None
        )
        if reference is None:
            raise Http404
        path, as_parquet = artifacts.path_of(reference), request.accepted_media_type == artifacts.PARQUET
        if as_parquet and not is_parquet(path):
            raise NotAcceptable(_("These data are stored as lines and not as Parquet: fetch them without a format."))
        return download_of(path, as_parquet=as_parquet)


def artifact_references(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the artifact references in a value of the work context, at any depth."""
    if isinstance(value, dict):
        if "sha256" in value and "id" in value:
            yield value
        for inner in value.values():
            yield from artifact_references(inner)
