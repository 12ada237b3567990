"""The contracts of the events, so that producers can fetch them; and figures about the system."""

from typing import Any

from django.db.models import Count
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import READ
from api.endpoint import ApiView
from api.openapi import endpoint
from api.rules import Rule
from backlog.models import Item
from backlog.selectors import projects_for
from backlog.states import OVER, ItemState
from clarifications.models import QuestionStatus
from clarifications.selectors import questions_for
from events.models import DeadLetter
from schemas.registry import UnknownSchema, registry


# -- contracts -------------------------------------------------------------------------------------
class ContractListed(serializers.Serializer[Any]):
    """An event type."""

    event_type = serializers.CharField()
    event_version = serializers.IntegerField()
    direction = serializers.ChoiceField(choices=["in", "out", "both"], help_text="Seen from Interlock.")
    description = serializers.CharField()
    url = serializers.CharField()


class Contracts(ApiView):
    """Every event type there is."""

    rules = {"GET": Rule(READ)}

    @endpoint("schemas_list", "List the contracts", gives=ContractListed(many=True))
    def get(self, request: Request) -> Response:
        """By type and version."""
        return self.shown([listed(*one) for one in registry().contracts()])


class OneContract(ApiView):
    """A contract."""

    rules = {"GET": Rule(READ)}

    @endpoint("schemas_read", "Read the JSON Schema of an event's payload", gives=OpenApiTypes.OBJECT, refuses=[404])
    def get(self, request: Request, event_type: str, version: int) -> Response:
        """As the validators use it; `envelope` version 1 is what every event is wrapped in."""
        if event_type == "envelope" and version == 1:
            return self.shown(registry().envelope.schema)
        try:
            return self.shown(registry().schema(event_type, version))
        except UnknownSchema as error:
            raise Http404 from error


def listed(event_type: str, version: int) -> dict[str, Any]:
    """A line about a contract."""
    return {
        "event_type": event_type,
        "event_version": version,
        "direction": registry().direction(event_type, version),
        "description": registry().description(event_type, version),
        "url": f"/api/v1/schemas/{event_type}/{version}",
    }


# -- figures ---------------------------------------------------------------------------------------
class Stats(serializers.Serializer[Any]):
    """What waits and what is under way, as far as the account may see it; what is over is not counted."""

    projects = serializers.DictField(child=serializers.IntegerField(), help_text="Projects not over, by state.")
    items = serializers.DictField(child=serializers.IntegerField(), help_text="Items not over, by state.")
    open_questions = serializers.IntegerField()
    open_dead_letters = serializers.IntegerField(allow_null=True)


class Figures(ApiView):
    """How it stands."""

    rules = {"GET": Rule(READ)}

    @endpoint("stats", "Read how it stands", gives=Stats)
    def get(self, request: Request) -> Response:
        """Four queries over what is active."""
        return Response(stats(self.account))


def stats(user: User) -> dict[str, Any]:
    """The figures that the account may see."""
    projects = projects_for(user).exclude(status__in=OVER).order_by()
    items = Item.objects.exclude(state__in=[ItemState.DONE, ItemState.CANCELLED]).order_by()
    if not user.has_perm("backlog.view_project"):
        items = items.filter(project__in=projects_for(user))
    letters = DeadLetter.objects.filter(state=DeadLetter.State.OPEN)
    return {
        "projects": dict(projects.values_list("status").annotate(number=Count("pk"))),
        "items": dict(items.values_list("state").annotate(number=Count("pk"))),
        "open_questions": questions_for(user).filter(status=QuestionStatus.OPEN).order_by().count(),
        "open_dead_letters": letters.count() if user.has_perm("events.view_deadletter") else None,
    }


# -- who am I --------------------------------------------------------------------------------------
class Myself(serializers.Serializer[Any]):
    """The account that is calling."""

    username = serializers.CharField()
    is_service = serializers.BooleanField()
    roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Of the key; null without."
    )
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Of the key.")


class Me(ApiView):
    """Who is calling."""

    rules = {"GET": Rule("")}

    @endpoint("me", "Read who you are to Interlock", gives=Myself)
    def get(self, request: Request) -> Response:
        """The account, its roles, and what the key may."""
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
