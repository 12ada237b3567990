"""Deliverables and events: what came of the work, and everything that was said on the way."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import READ
from api.endpoint import ApiView, found_in
from api.fields import Moment, Text
from api.openapi import endpoint, lists
from api.renderers import besides
from api.rules import Rule
from backlog.models import Deliverable
from backlog.selectors import projects_for
from events.horizon import first_since
from events.models import Event
from reports.downloads import as_file, table_as_file

LARGEST = 2**63 - 1


# -- deliverables ----------------------------------------------------------------------------------
class DeliverableListed(serializers.ModelSerializer[Deliverable]):
    """What an agent delivered, without its content."""

    project = serializers.UUIDField(source="project_id")
    item = serializers.UUIDField(source="item_id")

    class Meta:
        model = Deliverable
        fields = ["id", "project", "item", "dispatch_id", "type", "confidence", "agent", "timestamp"]


class DeliverableShown(DeliverableListed):
    """What an agent delivered."""

    content = serializers.JSONField()

    class Meta(DeliverableListed.Meta):
        fields = [*DeliverableListed.Meta.fields, "content"]


class DeliverableQuery(serializers.Serializer[Any]):
    """Which deliverables."""

    project = serializers.UUIDField(required=False)
    item = serializers.UUIDField(required=False)
    type = Text(required=False, max_length=100)


class TableQuery(serializers.Serializer[Any]):
    """Which table."""

    table = Text(max_length=200, help_text="The key of a list of objects in the content.")


class Deliverables(ApiView):
    """The deliverables of the projects that the account may see."""

    rules = {"GET": Rule(READ)}

    @lists("deliverables_list", "List deliverables", DeliverableListed, DeliverableQuery)
    def get(self, request: Request) -> Response:
        """The newest first; contents are read one by one."""
        names = {"project": "project_id", "item": "item_id"}
        wanted = {names.get(name, name): value for name, value in self.asked(DeliverableQuery).items()}
        found = deliverables_for(self.account).defer("content").filter(**wanted)
        return self.page(found, DeliverableListed, by=("-timestamp", "-id"))


class OneDeliverable(ApiView):
    """A deliverable."""

    rules = {"GET": Rule(READ)}

    @endpoint("deliverables_read", "Read a deliverable", gives=DeliverableShown, refuses=[404])
    def get(self, request: Request, deliverable_id: UUID) -> Response:
        """With its content."""
        return self.shown(DeliverableShown(found_in(deliverables_for(self.account), pk=deliverable_id)).data)


class DeliverableFile(ApiView):
    """A deliverable to keep."""

    rules = {"GET": Rule(READ)}

    @endpoint(
        "deliverables_file", "Download a deliverable as a file",
        gives=OpenApiTypes.OBJECT, refuses=[404],
    )  # fmt: skip
    def get(self, request: Request, deliverable_id: UUID) -> HttpResponse:
        """Its content as an indented JSON file, named after the project."""
        return as_file(found_in(deliverables_for(self.account).select_related("project"), pk=deliverable_id))


class DeliverableTable(ApiView):
    """A table of a deliverable."""

    rules = {"GET": Rule(READ)}
    renderer_classes = besides("text/csv")

    @endpoint(
        "deliverables_table", "Download a table of a deliverable as CSV",
        gives={(200, "text/csv"): OpenApiTypes.STR}, query=TableQuery, refuses=[404, 422],
    )  # fmt: skip
    def get(self, request: Request, deliverable_id: UUID) -> HttpResponse:
        """The table that the query names."""
        found = found_in(deliverables_for(self.account).select_related("project"), pk=deliverable_id)
        return table_as_file(found, self.asked(TableQuery)["table"])


def deliverables_for(user: User) -> QuerySet[Deliverable]:
    """The deliverables of the projects that the account may see."""
    if user.has_perm("backlog.view_project"):
        return Deliverable.objects.all()
    return Deliverable.objects.filter(project__in=projects_for(user))


# -- events ----------------------------------------------------------------------------------------
class SourceShown(serializers.Serializer[Any]):
    """Who spoke."""

    service = serializers.CharField()
    instance = serializers.CharField()


class EventShown(serializers.ModelSerializer[Event]):
    """An event as it goes on the wire, with its number in the ledger and what became of it."""

    event_type = serializers.CharField(source="type")
    event_version = serializers.IntegerField(source="version")
    source = SourceShown(source="*")  # type: ignore[assignment]
    causation_id = serializers.UUIDField(allow_null=True)
    payload = serializers.DictField()

    class Meta:
        model = Event
        fields = [
            *("seq", "event_id", "event_type", "event_version", "timestamp", "source", "correlation_id"),
            *("causation_id", "payload", "recorded_at", "outcome"),
        ]


class EventQuery(serializers.Serializer[Any]):
    """Which events."""

    project = serializers.UUIDField(required=False)
    type = Text(required=False, max_length=100)
    since = Moment(required=False, help_text="Recorded after this moment.")
    after = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST, help_text="With a larger seq.")
    causation = serializers.UUIDField(required=False, help_text="Caused by this event.")


class Events(ApiView):
    """The ledger, as far as the account may see it."""

    rules = {"GET": Rule(READ)}

    @lists("events_list", "List events", EventShown, EventQuery)
    def get(self, request: Request) -> Response:
        """The oldest first."""
        names = {"project": "project_id", "since": "recorded_at__gt", "after": "seq__gt", "causation": "causation_id"}
        wanted = {names.get(name, name): value for name, value in self.asked(EventQuery).items()}
        if "causation_id" in wanted and "project_id" not in wanted:
            # What an event causes is in its project, by which the ledger is indexed.
            cause = events_for(self.account).filter(event_id=wanted["causation_id"])
            wanted["project_id__in"] = cause.values("project_id")
        if since := wanted.get("recorded_at__gt"):
            wanted["seq__gte"] = first_since(since)
        return self.page(events_for(self.account).filter(**wanted), EventShown, by=("seq",))


class OneEvent(ApiView):
    """An event."""

    rules = {"GET": Rule(READ)}

    @endpoint("events_read", "Read an event", gives=EventShown, refuses=[404])
    def get(self, request: Request, event_id: UUID) -> Response:
        """As it went on the wire."""
        return self.shown(EventShown(found_in(events_for(self.account), event_id=event_id)).data)


def events_for(user: User) -> QuerySet[Event]:
    """The events that the account may see: all, or those of its projects."""
    if user.has_perm("events.view_event"):
        return Event.objects.all()
    return Event.objects.filter(Q(project_id__in=projects_for(user).values("pk")))
