"""The events of one project as Server-Sent Events, continued from the ledger after the last event a reader has.

This endpoint sends the events that exist and ends. `runtime.patience`, which runs in the web server, keeps the
connection open and calls the endpoint again. Without it the reader reconnects by itself after RETRY_MS, as browsers
and SSE libraries do.
"""

import json
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.scopes import READ
from api.endpoint import ApiView, row_or_404
from api.ledger import LARGEST_SEQ, EventShown
from api.openapi import endpoint
from api.rules import Rule
from api.waiting import ACCOUNT_HEADER, ASK_AGAIN_HEADER, organisation_header
from backlog.selectors import projects_for
from events.horizon import final_seq
from events.models import Event

MEDIA_TYPE = "text/event-stream"
LAST_EVENT_ID_HEADER = "Last-Event-ID"
RETRY_MS = 1000
MOST_EVENTS = 200

LAST_EVENT_ID = OpenApiParameter(
    LAST_EVENT_ID_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The `id` of the last event that you have received; the stream goes on after it.",
)


class EventStream(BaseRenderer):
    """Renders Server-Sent Events as text, and a problem document as JSON."""

    media_type = MEDIA_TYPE
    format = "event-stream"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        """Return a text unchanged, and anything else as JSON."""
        text = data if isinstance(data, str) else json.dumps(data, cls=JSONEncoder, ensure_ascii=False)
        return text.encode("utf-8", errors="replace")


class After(serializers.Serializer[Any]):
    """The place in the ledger at which the stream begins."""

    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_SEQ,
        help_text="Only events with a larger `seq`. Last-Event-ID goes before it.",
    )


class ProjectStream(ApiView):
    """The stream of the events of one project."""

    rules = {"GET": Rule(READ)}
    renderer_classes = [EventStream]

    @endpoint(
        "projects_follow",
        "Follow a project (Server-Sent Events)",
        gives={(200, MEDIA_TYPE): OpenApiTypes.ANY},
        query=After,
        parameters=[LAST_EVENT_ID],
        refuses=[404, 422],
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        """The events of the project as they happen, each once, in the order of the ledger.

        After a lost connection send the `id` of your last event as Last-Event-ID: then you miss no event.
        An account may have five streams open at once. One more is refused (429): close another stream first.
        """
        project = row_or_404(projects_for(self.account), pk=project_id)
        after = last_seen_seq(request.headers.get(LAST_EVENT_ID_HEADER, "")) or self.read_query(After).get("after", 0)
        following = Event.objects.filter(project_id=project.pk, seq__gt=after, seq__lte=final_seq())
        events = following.order_by("seq")[:MOST_EVENTS]
        messages = [sse_message(event) for event in events]
        last = str(events[len(messages) - 1].seq) if messages else str(after)
        headers = {LAST_EVENT_ID_HEADER: last, ACCOUNT_HEADER: str(self.account.pk)}
        headers |= organisation_header(self.account)
        if len(messages) == MOST_EVENTS:
            headers[ASK_AGAIN_HEADER] = "0"
        return Response(f"retry: {RETRY_MS}\n\n" + "".join(messages), headers=headers)


def last_seen_seq(header: str) -> int:
    """Return the `seq` in a Last-Event-ID header; 0 if the header holds no possible number."""
    return min(int(header), LARGEST_SEQ) if header.isascii() and header.isdigit() and len(header) < 20 else 0


def sse_message(event: Event) -> str:
    """Return the event in the text format of Server-Sent Events."""
    data = json.dumps(EventShown(event).data, cls=JSONEncoder, ensure_ascii=False)
    return f"id: {event.seq}\nevent: {event.type}\ndata: {data}\n\n"
