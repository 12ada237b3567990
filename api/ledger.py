"""Endpoints that read deliverables and events: the results of the work, and the ledger of everything that happened."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import READ
from accounts.walls import within_organisation
from api.endpoint import ApiView, row_or_404
from api.fields import Moment, Text
from api.openapi import endpoint, list_endpoint
from api.renderers import json_and
from api.rules import Rule
from backlog.models import Deliverable
from backlog.selectors import projects_for, without_withheld
from events.horizon import first_seq_since
from events.models import Event
from reports.downloads import deliverable_as_file, table_as_file

LARGEST_SEQ = 2**63 - 1


# -- deliverables ----------------------------------------------------------------------------------
class DeliverableListed(serializers.ModelSerializer[Deliverable]):
    """A deliverable without its content."""

    project = serializers.UUIDField(source="project_id")
    item = serializers.UUIDField(source="item_id")

    class Meta:
        model = Deliverable
        fields = ["id", "project", "item", "dispatch_id", "type", "confidence", "agent", "timestamp"]


class DeliverableShown(DeliverableListed):
    """A deliverable: a result that an agent made of a work item."""

    content = serializers.JSONField()

    class Meta(DeliverableListed.Meta):
        fields = [*DeliverableListed.Meta.fields, "content"]


class DeliverableQuery(serializers.Serializer[Any]):
    """Filters of the list of deliverables."""

    project = serializers.UUIDField(required=False)
    item = serializers.UUIDField(required=False)
    type = Text(required=False, max_length=100)


class TableQuery(serializers.Serializer[Any]):
    """The table to download."""

    table = Text(max_length=200, help_text="The key in the content whose value is the table: a list of objects.")


class Deliverables(ApiView):
    """The list of deliverables."""

    rules = {"GET": Rule(READ)}

    @list_endpoint("deliverables_list", "List deliverables", DeliverableListed, DeliverableQuery)
    def get(self, request: Request) -> Response:
        """The deliverables, newest first, without their contents. Read a single deliverable to get its content."""
        names = {"project": "project_id", "item": "item_id"}
        filters = {names.get(name, name): value for name, value in self.read_query(DeliverableQuery).items()}
        rows = deliverables_for(self.account).defer("content").filter(**filters)
        return self.page(rows, DeliverableListed, by=("-timestamp", "-id"))


class OneDeliverable(ApiView):
    """One deliverable."""

    rules = {"GET": Rule(READ)}

    @endpoint("deliverables_read", "Read a deliverable", gives=DeliverableShown, refuses=[404])
    def get(self, request: Request, deliverable_id: UUID) -> Response:
        """The deliverable with its content."""
        return self.respond(DeliverableShown(row_or_404(deliverables_for(self.account), pk=deliverable_id)).data)


class DeliverableFile(ApiView):
    """A deliverable as a file."""

    rules = {"GET": Rule(READ)}

    @endpoint(
        "deliverables_file", "Download a deliverable as a file",
        gives=OpenApiTypes.OBJECT, refuses=[404],
    )  # fmt: skip
    def get(self, request: Request, deliverable_id: UUID) -> HttpResponse:
        """The content of the deliverable as an indented JSON file. The file has the name of the project."""
        return deliverable_as_file(
            row_or_404(deliverables_for(self.account).select_related("project"), pk=deliverable_id)
        )


class DeliverableTable(ApiView):
    """A table of a deliverable as a CSV file."""

    rules = {"GET": Rule(READ)}
    renderer_classes = json_and("text/csv")

    @endpoint(
        "deliverables_table", "Download a table of a deliverable as CSV",
        gives={(200, "text/csv"): OpenApiTypes.STR}, query=TableQuery, refuses=[404, 422],
    )  # fmt: skip
    def get(self, request: Request, deliverable_id: UUID) -> HttpResponse:
        """The table that `table` names, as a CSV file. 404 if the content has no such table."""
        deliverable = row_or_404(deliverables_for(self.account).select_related("project"), pk=deliverable_id)
        return table_as_file(deliverable, self.read_query(TableQuery)["table"])


def deliverables_for(user: User) -> QuerySet[Deliverable]:
    """Return the deliverables of the projects that the account may see."""
    if user.has_perm("backlog.view_project"):
        return within_organisation(user, Deliverable.objects.all())
    return without_withheld(Deliverable.objects.filter(project__in=projects_for(user)))


# -- events ----------------------------------------------------------------------------------------
class SourceShown(serializers.Serializer[Any]):
    """The program that sent the event."""

    service = serializers.CharField()
    instance = serializers.CharField()


class EventShown(serializers.ModelSerializer[Event]):
    """An event as on its stream, with its number in the ledger (`seq`) and the result of its handling (`outcome`)."""

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
    """Filters of the list of events."""

    project = serializers.UUIDField(required=False)
    type = Text(required=False, max_length=100)
    since = Moment(required=False, help_text="Only events recorded after this moment.")
    after = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST_SEQ, help_text="Only events with a larger `seq`."
    )
    causation = serializers.UUIDField(required=False, help_text="Only events that the event with this id caused.")


class Events(ApiView):
    """The list of events."""

    rules = {"GET": Rule(READ)}

    @list_endpoint("events_list", "List events", EventShown, EventQuery)
    def get(self, request: Request) -> Response:
        """The events of the ledger that you may see, oldest first; without those of archived projects."""
        names = {"project": "project_id", "since": "recorded_at__gt", "after": "seq__gt", "causation": "causation_id"}
        filters = {names.get(name, name): value for name, value in self.read_query(EventQuery).items()}
        if "causation_id" in filters and "project_id" not in filters:
            # An event and what it causes are in one project, and the ledger has an index by project.
            cause = events_for(self.account).filter(event_id=filters["causation_id"])
            filters["project_id__in"] = cause.values("project_id")
        if since := filters.get("recorded_at__gt"):
            filters["seq__gte"] = first_seq_since(since)
        return self.page(events_for(self.account).filter(**filters), EventShown, by=("seq",))


class OneEvent(ApiView):
    """One event."""

    rules = {"GET": Rule(READ)}

    @endpoint("events_read", "Read an event", gives=EventShown, refuses=[404])
    def get(self, request: Request, event_id: UUID) -> Response:
        """The event as it was on its stream, with its number in the ledger."""
        return self.respond(EventShown(row_or_404(events_for(self.account), event_id=event_id)).data)


def events_for(user: User) -> QuerySet[Event]:
    """Return the events that the account may see: all of its organisation, or those of its own projects."""
    if user.has_perm("events.view_event"):
        return within_organisation(user, Event.objects.all())
    return Event.objects.filter(project_id__in=projects_for(user).values("pk"))
