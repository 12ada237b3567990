"""Endpoints about the system itself: the contracts of all events, counts of active work, the calling account."""

from typing import Any

from django.db.models import Count
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import READ
from accounts.walls import within_organisation
from api.endpoint import ApiView
from api.openapi import endpoint
from api.rules import Rule
from backlog.models import Item
from backlog.selectors import projects_for
from backlog.states import OVER_STATUSES, ItemState
from clarifications.models import QuestionStatus
from clarifications.selectors import questions_for
from events.models import DeadLetter
from schemas.registry import UnknownSchema, registry


# -- contracts -------------------------------------------------------------------------------------
class ContractListed(serializers.Serializer[Any]):
    """One version of an event type and its contract."""

    event_type = serializers.CharField()
    event_version = serializers.IntegerField()
    direction = serializers.ChoiceField(
        choices=["in", "out", "both"], help_text="in: Interlock receives it. out: Interlock sends it. both: both."
    )
    description = serializers.CharField()
    url = serializers.CharField(help_text="The path at which the JSON Schema of the payload can be read.")


class Contracts(ApiView):
    """The list of the contracts of all event types."""

    rules = {"GET": Rule(READ)}

    @endpoint("schemas_list", "List the contracts", gives=ContractListed(many=True))
    def get(self, request: Request) -> Response:
        """Every version of every event type, ordered by type and version. Read one contract at its `url`."""
        return self.respond([contract_row(*contract) for contract in registry().contracts()])


class OneContract(ApiView):
    """The contract of one version of an event type."""

    rules = {"GET": Rule(READ)}

    @endpoint("schemas_read", "Read the JSON Schema of an event's payload", gives=OpenApiTypes.OBJECT, refuses=[404])
    def get(self, request: Request, event_type: str, version: int) -> Response:
        """The JSON Schema by which Interlock checks the payload of this event type and version.

        The name `envelope`, version 1, gives the schema of the envelope that is around every payload.
        """
        if event_type == "envelope" and version == 1:
            return self.respond(registry().envelope.schema)
        try:
            return self.respond(registry().schema(event_type, version))
        except UnknownSchema as error:
            raise Http404 from error


def contract_row(event_type: str, version: int) -> dict[str, Any]:
    """Return the row of the list for one contract."""
    return {
        "event_type": event_type,
        "event_version": version,
        "direction": registry().direction(event_type, version),
        "description": registry().description(event_type, version),
        "url": f"/api/v1/schemas/{event_type}/{version}",
    }


# -- figures ---------------------------------------------------------------------------------------
class Stats(serializers.Serializer[Any]):
    """Counts of active work that the account may see. Finished and cancelled projects and items are not counted."""

    projects = serializers.DictField(
        child=serializers.IntegerField(), help_text="Number of active projects for each state."
    )
    items = serializers.DictField(child=serializers.IntegerField(), help_text="Number of active items for each state.")
    open_questions = serializers.IntegerField(help_text="Number of questions that wait for an answer.")
    open_dead_letters = serializers.IntegerField(
        allow_null=True, help_text="Null if the account may not see dead letters."
    )


class Figures(ApiView):
    """Counts of active work."""

    rules = {"GET": Rule(READ)}

    @endpoint("stats", "Read counts of active work", gives=Stats)
    def get(self, request: Request) -> Response:
        """Counts of active projects, items, open questions and dead letters that the account may see."""
        return Response(stats(self.account))


def stats(user: User) -> dict[str, Any]:
    """Return the counts for this account, with four queries."""
    projects = projects_for(user).exclude(status__in=OVER_STATUSES).order_by()
    items = Item.objects.exclude(state__in=[ItemState.DONE, ItemState.CANCELLED]).order_by()
    if user.has_perm("backlog.view_project"):
        items = within_organisation(user, items)
    else:
        items = items.filter(project__in=projects_for(user))
    letters = within_organisation(user, DeadLetter.objects.filter(state=DeadLetter.State.OPEN))
    return {
        "projects": dict(projects.values_list("status").annotate(number=Count("pk"))),
        "items": dict(items.values_list("state").annotate(number=Count("pk"))),
        "open_questions": questions_for(user).filter(status=QuestionStatus.OPEN).order_by().count(),
        "open_dead_letters": letters.count() if user.has_perm("events.view_deadletter") else None,
    }


# -- who am I --------------------------------------------------------------------------------------
class Myself(serializers.Serializer[Any]):
    """The account that makes the request."""

    username = serializers.CharField()
    is_service = serializers.BooleanField()
    roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="The scopes of the API key; null without a key."
    )
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When the API key expires; null if never, or without a key."
    )


class Me(ApiView):
    """The account that makes the request."""

    rules = {"GET": Rule("")}

    @endpoint("me", "Read your own account", gives=Myself)
    def get(self, request: Request) -> Response:
        """The name and the roles of the account, and the scopes and the end of the key that you use."""
        user = self.account
        key = user.key
        return Response(
            {
                "username": user.get_username(),
                "is_service": user.is_service,
                "roles": sorted(user.groups.values_list("name", flat=True)),
                "scopes": key.scopes if key else None,
                "expires_at": serializers.DateTimeField(allow_null=True).to_representation(key.expires_at)
                if key and key.expires_at
                else None,
            }
        )
