"""Webhooks: who is told of events over HTTP, what came of each telling, and telling again."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import READ, WEBHOOKS
from api import examples
from api.endpoint import ApiView, found_in
from api.fields import Text, Uuid
from api.openapi import acts, changes, endpoint, lists
from api.projects import Reason
from api.rules import Rule
from webhooks import services
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import deliveries_for, endpoints_for, excerpt_for

LOOK, CHANGE = Rule(READ), Rule(WEBHOOKS)
ADDING: dict[str, Any] = {
    "sent": examples.NEW_WEBHOOK,
    "given": {**examples.WEBHOOK, "secret": "whsec_shown-this-once"},
}
CHANGING: dict[str, Any] = {"sent": {"types": ["PROJECT.*"]}, "given": examples.WEBHOOK}
DISABLING: dict[str, Any] = {"sent": examples.REASON, "given": examples.WEBHOOK}


class EndpointShown(serializers.ModelSerializer[Endpoint]):
    """A receiver's address, what it is told of, and how it goes."""

    owner = serializers.CharField(source="owner.username")
    types = serializers.ListField(child=serializers.CharField(), help_text="Leave empty for all.")
    project = serializers.UUIDField(source="project_id", allow_null=True)
    skipped = serializers.IntegerField(default=0, help_text="Deliveries passed over since the receiver refused them.")

    class Meta:
        model = Endpoint
        fields = [
            *("id", "url", "description", "owner", "types", "project", "active", "disabled_reason", "position"),
            *("failing_since", "failures", "next_attempt_at", "skipped", "created_at"),
        ]


class EndpointMade(EndpointShown):
    """The same with its secret, which is shown this once."""

    class Meta(EndpointShown.Meta):
        fields = [*EndpointShown.Meta.fields, "secret"]


class NewEndpoint(serializers.Serializer[Any]):
    """Where to, and of what."""

    url = Text(
        max_length=2000,
        help_text="http or https; a private address is refused, unless a setting names it and you administer.",
    )
    types = serializers.ListField(
        child=Text(max_length=100), required=False, max_length=100,
        help_text="Event types; `PROJECT.*` for all of projects; none for every event.",
    )  # fmt: skip
    project = Uuid(required=False, allow_null=True, help_text="Left out: all that you may see.")
    description = Text(required=False, max_length=300, allow_blank=True)


class ChangedEndpoint(NewEndpoint):
    """What is to be different."""

    url = Text(max_length=2000, required=False)


class DeliveryShown(serializers.ModelSerializer[Delivery]):
    """One event for one receiver, and what came of it."""

    event_id = serializers.UUIDField(source="event.event_id", help_text="The `webhook-id` of the request.")
    event_type = serializers.CharField(source="event.type")
    response_excerpt = serializers.SerializerMethodField(
        help_text="The beginning of the answer; what a private host says is shown to administrators."
    )

    class Meta:
        model = Delivery
        fields = [
            *("id", "event_id", "event_type", "state", "attempts", "response_status", "response_excerpt", "error"),
            *("duration_ms", "created_at", "delivered_at"),
        ]

    def get_response_excerpt(self, delivery: Delivery) -> str:
        """As much as the caller may see."""
        return excerpt_for(self.context["request"].user, delivery)


class DeliveryQuery(serializers.Serializer[Any]):
    """Which deliveries."""

    state = serializers.ChoiceField(choices=Delivery.State.choices, required=False)


class Webhooks(ApiView):
    """The receivers; a POST adds one."""

    rules = {"GET": LOOK, "POST": CHANGE}

    @lists("webhooks_list", "List webhooks", EndpointShown)
    def get(self, request: Request) -> Response:
        """In the order they were added."""
        return self.page(seen_by(self), EndpointShown, by=("id",))

    @acts("webhooks_create", "Add a webhook", takes=NewEndpoint, gives=EndpointMade, status=201, **ADDING)
    def post(self, request: Request) -> Response:
        """It is told of everything from now on, as far as you may see it. Keep the secret: it is shown this once."""
        said = named(self.read(NewEndpoint))
        made = services.register_endpoint(self.account, **said)
        return self.shown(EndpointMade(made).data, status=201, location=f"/api/v1/webhooks/{made.pk}")


class OneWebhook(ApiView):
    """A receiver."""

    rules = {"GET": LOOK, "PATCH": CHANGE}

    @endpoint("webhooks_read", "Read a webhook", gives=EndpointShown, refuses=[404])
    def get(self, request: Request, webhook_id: int) -> Response:
        """As it is now."""
        return self.shown(EndpointShown(found_in(seen_by(self), pk=webhook_id)).data)

    @changes("webhooks_change", "Change a webhook", takes=ChangedEndpoint, gives=EndpointShown, **CHANGING)
    def patch(self, request: Request, webhook_id: int) -> Response:
        """What waits is sent to the new address."""
        found = changeable(self, webhook_id)
        self.require_unchanged(lambda: EndpointShown(found).data)
        now = {name: getattr(found, name) for name in ("url", "types", "project_id", "description")}
        changed = services.change(found, **{**now, **named(self.read(ChangedEndpoint))})
        return self.shown(EndpointShown(changed).data)


class RotateSecret(ApiView):
    """Gives a receiver a new secret."""

    rules = {"POST": CHANGE}

    @acts("webhooks_rotate", "Rotate the secret of a webhook", gives=EndpointMade)
    def post(self, request: Request, webhook_id: int) -> Response:
        """The next delivery is signed by it. It is shown this once."""
        return self.shown(EndpointMade(services.rotate_secret(changeable(self, webhook_id))).data)


class Disable(ApiView):
    """Stops telling a receiver."""

    rules = {"POST": CHANGE}

    @acts("webhooks_disable", "Disable a webhook", takes=Reason, gives=EndpointShown, **DISABLING)
    def post(self, request: Request, webhook_id: int) -> Response:
        """What waits is kept for when it is enabled."""
        found = changeable(self, webhook_id)
        return self.shown(EndpointShown(services.disable(found, reason=self.read(Reason)["reason"])).data)


class Enable(ApiView):
    """Goes on telling a receiver."""

    rules = {"POST": CHANGE}

    @acts("webhooks_enable", "Enable a webhook", gives=EndpointShown)
    def post(self, request: Request, webhook_id: int) -> Response:
        """From where it stood: nothing is lost."""
        return self.shown(EndpointShown(services.enable(changeable(self, webhook_id))).data)


class Deliveries(ApiView):
    """The log of a receiver."""

    rules = {"GET": LOOK}

    @lists("webhooks_deliveries", "List the deliveries of a webhook", DeliveryShown, DeliveryQuery)
    def get(self, request: Request, webhook_id: int) -> Response:
        """The newest first."""
        found = found_in(seen_by(self), pk=webhook_id)
        log = deliveries_for(self.account).filter(endpoint=found, **self.asked(DeliveryQuery))
        return self.page(
            log.select_related("event", "endpoint").defer("event__payload"), DeliveryShown, by=("-event_id",)
        )


class Resend(ApiView):
    """Tells a receiver again."""

    rules = {"POST": CHANGE}

    @acts("webhooks_resend", "Send a delivery again", gives=DeliveryShown, status=202)
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Soon, with the same `webhook-id`."""
        endpoint = changeable(self, webhook_id)
        found = found_in(endpoint.deliveries.select_related("event", "endpoint"), pk=delivery_id)
        data = DeliveryShown(services.resend(found), context={"request": request}).data
        return self.shown(data, status=202, location=f"/api/v1/webhooks/{webhook_id}/deliveries")


class Skip(ApiView):
    """Passes over a delivery that waits."""

    rules = {"POST": CHANGE}

    @acts("webhooks_skip", "Skip a delivery", gives=DeliveryShown)
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """What is behind it goes on; it can be sent again later."""
        endpoint = changeable(self, webhook_id)
        found = found_in(endpoint.deliveries.select_related("event", "endpoint"), pk=delivery_id)
        return self.shown(DeliveryShown(services.skip(found), context={"request": request}).data)


# -- helpers ---------------------------------------------------------------------------------------
def seen_by(view: ApiView) -> QuerySet[Endpoint]:
    """The receivers that the account may see."""
    return endpoints_for(view.account).select_related("owner", "key")


def changeable(view: ApiView, webhook_id: int) -> Endpoint:
    """The receiver, if it is the account's own, or it may change any. Raises Http404 or PermissionDenied."""
    found = found_in(seen_by(view), pk=webhook_id)
    if found.owner_id != view.account.pk and not view.account.has_perm("webhooks.change_endpoint"):
        raise PermissionDenied(_("This webhook is somebody else's."))
    return found


def named(said: dict[str, Any]) -> dict[str, Any]:
    """The values by the names that the services have for them."""
    return {"project_id" if name == "project" else name: value for name, value in said.items()}
