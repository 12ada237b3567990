"""Endpoints of webhooks: register, change, disable and enable them, read their deliveries, send or skip one."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import READ, WEBHOOKS
from api import examples
from api.endpoint import ApiView, row_or_404
from api.fields import Text, Uuid
from api.openapi import endpoint, list_endpoint, patch_endpoint, post_endpoint
from api.projects import Reason
from api.rules import Rule
from webhooks import services
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import deliveries_for, endpoints_for, excerpt_for

LOOK, CHANGE = Rule(READ), Rule(WEBHOOKS)
ADDING: dict[str, Any] = {
    "request_example": examples.NEW_WEBHOOK,
    "response_example": {**examples.WEBHOOK, "secret": "whsec_shown-this-once"},
}
CHANGING: dict[str, Any] = {"request_example": {"types": ["PROJECT.*"]}, "response_example": examples.WEBHOOK}
DISABLING: dict[str, Any] = {"request_example": examples.REASON, "response_example": examples.WEBHOOK}


class EndpointShown(serializers.ModelSerializer[Endpoint]):
    """A webhook: the address of a receiver, the events it gets, and the state of its deliveries."""

    owner = serializers.CharField(source="owner.username")
    types = serializers.ListField(
        child=serializers.CharField(), help_text="Event types that are sent; an empty list means all."
    )
    project = serializers.UUIDField(
        source="project_id", allow_null=True, help_text="Only events of this project are sent; null: of all projects."
    )
    skipped = serializers.IntegerField(
        default=0, help_text="Number of deliveries that were skipped because the receiver refused them."
    )

    class Meta:
        model = Endpoint
        fields = [
            *("id", "url", "description", "owner", "types", "project", "active", "disabled_reason", "position"),
            *("failing_since", "failures", "next_attempt_at", "skipped", "created_at"),
        ]


class EndpointMade(EndpointShown):
    """A webhook with its secret, which no later response shows."""

    secret = serializers.CharField(max_length=100)

    class Meta(EndpointShown.Meta):
        fields = [*EndpointShown.Meta.fields, "secret"]


class NewEndpoint(serializers.Serializer[Any]):
    """A new webhook."""

    url = Text(
        max_length=2000,
        help_text="The http or https address that gets the events. A private address is refused, unless the setting "
        "WEBHOOK_ALLOWED_HOSTS names it and you are an administrator.",
    )
    types = serializers.ListField(
        child=Text(max_length=100), required=False, max_length=100,
        help_text="Event types to send. `PROJECT.*` means all that begin with `PROJECT.`; an empty list means all.",
    )  # fmt: skip
    project = Uuid(
        required=False,
        allow_null=True,
        help_text="Send only events of this project. Left out: of all that you may see.",
    )
    description = Text(required=False, max_length=300, allow_blank=True)


class ChangedEndpoint(NewEndpoint):
    """Changes of a webhook; what is left out stays as it is."""

    url = Text(max_length=2000, required=False)


class DeliveryShown(serializers.ModelSerializer[Delivery]):
    """The delivery of one event to one webhook, and the result of its last attempt."""

    event_id = serializers.UUIDField(
        source="event.event_id", help_text="The id of the event; the receiver gets it as header `webhook-id`."
    )
    event_type = serializers.CharField(source="event.type")
    response_excerpt = serializers.SerializerMethodField(
        help_text="The beginning of the receiver's answer; that of a private host is shown to administrators only."
    )

    class Meta:
        model = Delivery
        fields = [
            *("id", "event_id", "event_type", "state", "attempts", "response_status", "response_excerpt", "error"),
            *("duration_ms", "created_at", "delivered_at"),
        ]

    def get_response_excerpt(self, delivery: Delivery) -> str:
        """Return the excerpt, or an empty text if the caller may not see it."""
        return excerpt_for(self.context["request"].user, delivery)


class DeliveryQuery(serializers.Serializer[Any]):
    """Filters of the list of deliveries."""

    state = serializers.ChoiceField(choices=Delivery.State.choices, required=False)


class Webhooks(ApiView):
    """The list of webhooks; a POST adds a webhook."""

    rules = {"GET": LOOK, "POST": CHANGE}

    @list_endpoint("webhooks_list", "List webhooks", EndpointShown)
    def get(self, request: Request) -> Response:
        """The webhooks that you may see, oldest first."""
        return self.page(visible_webhooks(self), EndpointShown, by=("id",))

    @post_endpoint("webhooks_create", "Add a webhook", takes=NewEndpoint, gives=EndpointMade, status=201, **ADDING)
    def post(self, request: Request) -> Response:
        """Add a webhook. From now on its address gets every event of the types it names that you may see.

        Store the `secret`: with it the receiver verifies the signature of each request, and it is not shown again.
        """
        arguments = as_arguments(self.read_body(NewEndpoint))
        made = services.register_endpoint(self.account, **arguments)
        return self.respond(EndpointMade(made).data, status=201, location=f"/api/v1/webhooks/{made.pk}")


class OneWebhook(ApiView):
    """One webhook."""

    rules = {"GET": LOOK, "PATCH": CHANGE}

    @endpoint("webhooks_read", "Read a webhook", gives=EndpointShown, refuses=[404])
    def get(self, request: Request, webhook_id: int) -> Response:
        """The webhook as it is now. Its ETag can be sent as If-Match with a change."""
        return self.respond(EndpointShown(row_or_404(visible_webhooks(self), pk=webhook_id)).data)

    @patch_endpoint("webhooks_change", "Change a webhook", takes=ChangedEndpoint, gives=EndpointShown, **CHANGING)
    def patch(self, request: Request, webhook_id: int) -> Response:
        """Change the webhook. Events that wait to be delivered are sent to the new address."""
        webhook = webhook_to_change(self, webhook_id)
        self.require_unchanged(lambda: EndpointShown(webhook).data)
        present = {name: getattr(webhook, name) for name in ("url", "types", "project_id", "description")}
        changed = services.change_endpoint(webhook, **{**present, **as_arguments(self.read_body(ChangedEndpoint))})
        return self.respond(EndpointShown(changed).data)


class RotateSecret(ApiView):
    """Gives a webhook a new secret."""

    rules = {"POST": CHANGE}

    @post_endpoint("webhooks_rotate", "Rotate the secret of a webhook", gives=EndpointMade)
    def post(self, request: Request, webhook_id: int) -> Response:
        """Make a new secret. The next delivery is signed with it. Store it: it is not shown again."""
        return self.respond(EndpointMade(services.rotate_secret(webhook_to_change(self, webhook_id))).data)


class Disable(ApiView):
    """Stops the deliveries to a webhook."""

    rules = {"POST": CHANGE}

    @post_endpoint("webhooks_disable", "Disable a webhook", takes=Reason, gives=EndpointShown, **DISABLING)
    def post(self, request: Request, webhook_id: int) -> Response:
        """Stop sending events to the webhook. Events that wait are kept and are sent when it is enabled again."""
        webhook = webhook_to_change(self, webhook_id)
        disabled = services.disable_endpoint(webhook, reason=self.read_body(Reason)["reason"])
        return self.respond(EndpointShown(disabled).data)


class Enable(ApiView):
    """Starts the deliveries to a webhook again."""

    rules = {"POST": CHANGE}

    @post_endpoint("webhooks_enable", "Enable a webhook", gives=EndpointShown)
    def post(self, request: Request, webhook_id: int) -> Response:
        """Send events again. It goes on with the first event that was not delivered: no event is lost."""
        return self.respond(EndpointShown(services.enable_endpoint(webhook_to_change(self, webhook_id))).data)


class Deliveries(ApiView):
    """The list of the deliveries to a webhook."""

    rules = {"GET": LOOK}

    @list_endpoint("webhooks_deliveries", "List the deliveries of a webhook", DeliveryShown, DeliveryQuery)
    def get(self, request: Request, webhook_id: int) -> Response:
        """The deliveries of the webhook, newest first."""
        webhook = row_or_404(visible_webhooks(self), pk=webhook_id)
        log = deliveries_for(self.account).filter(endpoint=webhook, **self.read_query(DeliveryQuery))
        return self.page(
            log.select_related("event", "endpoint").defer("event__payload"), DeliveryShown, by=("-event_id",)
        )


class Resend(ApiView):
    """Sends a delivery again."""

    rules = {"POST": CHANGE}

    @post_endpoint("webhooks_resend", "Send a delivery again", gives=DeliveryShown, status=202)
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Send the event again, soon and with the same `webhook-id`. Read the list of deliveries for the result."""
        webhook = webhook_to_change(self, webhook_id)
        delivery = row_or_404(webhook.deliveries.select_related("event", "endpoint"), pk=delivery_id)
        data = DeliveryShown(services.resend_delivery(delivery), context={"request": request}).data
        return self.respond(data, status=202, location=f"/api/v1/webhooks/{webhook_id}/deliveries")


class Skip(ApiView):
    """Skips a delivery that waits."""

    rules = {"POST": CHANGE}

    @post_endpoint("webhooks_skip", "Skip a delivery", gives=DeliveryShown)
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Skip a delivery that waits, so that later events are sent. It can be sent again at any time."""
        webhook = webhook_to_change(self, webhook_id)
        delivery = row_or_404(webhook.deliveries.select_related("event", "endpoint"), pk=delivery_id)
        return self.respond(DeliveryShown(services.skip_delivery(delivery), context={"request": request}).data)


# -- functions -------------------------------------------------------------------------------------
def visible_webhooks(view: ApiView) -> QuerySet[Endpoint]:
    """Return the webhooks that the account may see."""
    return endpoints_for(view.account).select_related("owner", "key")


def webhook_to_change(view: ApiView, webhook_id: int) -> Endpoint:
    """Return the webhook, if the account may change it. Raises Http404 or PermissionDenied."""
    webhook = row_or_404(visible_webhooks(view), pk=webhook_id)
    if webhook.owner_id != view.account.pk and not view.account.has_perm("webhooks.change_endpoint"):
        raise PermissionDenied(_("You may not change this webhook: it belongs to another account."))
    return webhook


def as_arguments(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values under the names of the service's parameters."""
    return {"project_id" if name == "project" else name: value for name, value in values.items()}
