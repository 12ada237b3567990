"""Following a project: its events as Server-Sent Events, resumed from the ledger where the reader left off.

This endpoint gives what there is and ends; `runtime.patience` keeps the connection and asks again. Where it does not
run, a reader reconnects by itself after a second, as browsers and SSE libraries do.
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
from api.endpoint import ApiView, found_in
from api.ledger import LARGEST, EventShown
from api.openapi import endpoint
from api.rules import Rule
from api.waiting import ACCOUNT, AGAIN
from backlog.selectors import projects_for
from events.horizon import final_now
from events.models import Event

MEDIA_TYPE = "text/event-stream"
LAST = "Last-Event-ID"
RETRY_MS = 1000
MOST_EVENTS = 200

LAST_EVENT_ID = OpenApiParameter(
    LAST, OpenApiTypes.STR, OpenApiParameter.HEADER, description="The `id` of the last event that you have."
)


class EventStream(BaseRenderer):
    """Server-Sent Events; a problem stays JSON."""

    media_type = MEDIA_TYPE
    format = "event-stream"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        """Text as it is, anything else as JSON."""
        text = data if isinstance(data, str) else json.dumps(data, cls=JSONEncoder, ensure_ascii=False)
        return text.encode("utf-8", errors="replace")


class After(serializers.Serializer[Any]):
    """From where."""

    after = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST, help_text="Past this seq.")


class ProjectStream(ApiView):
    """The events of a project as they happen."""

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
        """Each event once, in the order of the ledger; reconnect with the last id and nothing is missed.

        An account may follow five projects at once; one more stream is refused (429) until another has ended.
        """
        project = found_in(projects_for(self.account), pk=project_id)
        after = last_seen(request.headers.get(LAST, "")) or self.asked(After).get("after", 0)
        final = Event.objects.filter(project_id=project.pk, seq__gt=after, seq__lte=final_now())
        events = final.order_by("seq")[:MOST_EVENTS]
        told = [told_of(event) for event in events]
        last = str(events[len(told) - 1].seq) if told else str(after)
        headers = {LAST: last, ACCOUNT: str(self.account.pk)}
        if len(told) == MOST_EVENTS:
            headers[AGAIN] = "0"
        return Response(f"retry: {RETRY_MS}\n\n" + "".join(told), headers=headers)


def last_seen(header: str) -> int:
    """The number of the last event that the reader has; 0 where it says none that there can be."""
    return min(int(header), LARGEST) if header.isascii() and header.isdigit() and len(header) < 20 else 0


def told_of(event: Event) -> str:
    """An event as one of the stream."""
    data = json.dumps(EventShown(event).data, cls=JSONEncoder, ensure_ascii=False)
    return f"id: {event.seq}\nevent: {event.type}\ndata: {data}\n\n"
