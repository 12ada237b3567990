"""Admin pages of webhooks and their deliveries: register, change, disable, enable; send again, skip."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lookups import OwnRelatedFilter
from accounts.people import signed_in_person
from pages.admin_pages import ReadOnlyAdmin, act_on_each, act_on_each_with_reason, text_as_html
from pages.presentation import ago, state_word
from webhooks import services
from webhooks.forms import EndpointForm
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import excerpt_for

# The fields that a person fills in, and the fields that only show the state of an endpoint.
EDITABLE_FIELDS = ["url", "description", "types", "project_id"]
SHOWN_FIELDS = [
    *("owner", "standing", "disabled_reason", "failures", "failing", "next_attempt_at", "position", "created"),
    *("skipped", "deliveries_link"),
]
# The colour of each state of a delivery.
COLOURS = {Delivery.State.DELIVERED: "done", Delivery.State.GIVEN_UP: "failed", Delivery.State.SKIPPED: "blocked"}


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """The list and the pages of webhook endpoints."""

    form = EndpointForm
    list_display = ["url", "description", "owner", "standing", "failures", "failing", "created"]
    list_filter = ["active"]
    list_select_related = ["owner"]
    search_fields = ["url", "description", "owner__username"]
    search_help_text = gettext_lazy("A part of the address, the description or the owner's name.")
    nothing_yet = gettext_lazy("There are no webhooks yet: no program receives events.")
    ordering = ["-id"]
    actions = ["enable_endpoints", "disable_endpoints", "rotate_secrets"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields to fill in; for an existing endpoint also those that show its state."""
        return [*EDITABLE_FIELDS, *(SHOWN_FIELDS if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return SHOWN_FIELDS

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form class, with the person whose permissions it checks."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.person = signed_in_person(request)
        return form

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        """Register a new endpoint and show its secret, or change an existing one."""
        values = {name: form.cleaned_data[name] for name in EDITABLE_FIELDS}
        if change:
            services.change_endpoint(obj, **values)
            return
        made = services.register_endpoint(signed_in_person(request), **values)
        obj.pk = made.pk
        self.show_secret(request, made)

    def show_secret(self, request: HttpRequest, endpoint: Endpoint) -> None:
        """Show the secret in a message; no page shows it again."""
        words = _("The secret of %(url)s, which is shown only this once: %(secret)s")
        self.message_user(request, words % {"url": endpoint, "secret": endpoint.secret}, messages.WARNING)

    # -- columns -----------------------------------------------------------------------------------
    @admin.display(description=gettext_lazy("state"), ordering="active")
    def standing(self, endpoint: Endpoint) -> SafeString:
        if not endpoint.active:
            return state_word("failed", _("Disabled"))
        return state_word("blocked", _("Failing")) if endpoint.failures else state_word("done", _("Active"))

    @admin.display(description=gettext_lazy("failing since"), ordering="failing_since")
    def failing(self, endpoint: Endpoint) -> SafeString:
        return ago(endpoint.failing_since)

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, endpoint: Endpoint) -> SafeString:
        return ago(endpoint.created_at)

    @admin.display(description=gettext_lazy("skipped deliveries"))
    def skipped(self, endpoint: Endpoint) -> int:
        return endpoint.deliveries.filter(state=Delivery.State.SKIPPED).count()

    @admin.display(description=gettext_lazy("deliveries"))
    def deliveries_link(self, endpoint: Endpoint) -> SafeString:
        url = reverse("admin:webhooks_delivery_changelist", query={"endpoint__id__exact": str(endpoint.pk)})
        return format_html('<a href="{}">{}</a>', url, _("Show its deliveries"))

    # -- acts --------------------------------------------------------------------------------------
    @admin.action(description=gettext_lazy("Enable: send the events that waited, then new ones"), permissions=["act"])
    def enable_endpoints(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        act_on_each(self, request, queryset, services.enable_endpoint, done=_("Enabled"))

    @admin.action(description=gettext_lazy("Disable, with a reason"), permissions=["act"])
    def disable_endpoints(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> HttpResponse | None:
        def act(endpoint: Endpoint, reason: str) -> None:
            services.disable_endpoint(endpoint, reason=reason)

        return act_on_each_with_reason(self, request, queryset, act, name="disable_endpoints", done=_("Disabled"))

    @admin.action(description=gettext_lazy("Rotate the secret: the old one ends at once"), permissions=["act"])
    def rotate_secrets(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            self.show_secret(request, services.rotate_secret(endpoint))


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """The list and the pages of deliveries."""

    list_display = ["event_type", "endpoint", "standing", "attempts", "response_status", "duration_ms", "delivered"]
    list_filter = ["state", ("endpoint", OwnRelatedFilter)]
    search_fields = ["endpoint__url"]
    whole_ids = ("event__event_id", "event__project_id")
    search_help_text = gettext_lazy("A part of the address, or the whole id of an event or a project.")
    nothing_yet = gettext_lazy("There are no deliveries yet.")
    ordering = ["-id"]
    actions = ["resend_deliveries", "skip_deliveries"]
    fields = [
        *("event_type", "event_link", "endpoint", "standing", "attempts", "response_status", "answer", "error"),
        *("duration_ms", "created_at", "delivered_at"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Return the deliveries with their events and endpoints, without the payloads, which may be large."""
        found: QuerySet[Delivery] = super().get_queryset(request)
        return found.select_related("event", "endpoint").defer("event__payload")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Return True if the person may change endpoints: then they may send or skip deliveries too."""
        return request.user.has_perm("webhooks.change_endpoint")

    @admin.display(description=gettext_lazy("event"), ordering="event__type")
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

    @admin.display(description=gettext_lazy("event id"))
    def event_link(self, delivery: Delivery) -> SafeString:
        url = reverse("admin:events_event_change", args=[delivery.event.pk])
        return format_html('<a href="{}">{}</a>', url, delivery.event.event_id)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def standing(self, delivery: Delivery) -> SafeString:
        state = Delivery.State(delivery.state)
        return state_word(COLOURS.get(state, ""), state.label)

    @admin.display(description=gettext_lazy("delivered"), ordering="delivered_at")
    def delivered(self, delivery: Delivery) -> SafeString:
        return ago(delivery.delivered_at)

    @admin.display(description=gettext_lazy("beginning of the answer"))
    def answer(self, delivery: Delivery) -> SafeString:
        return text_as_html(delivery.response_excerpt)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Delivery | None:
        """Return the delivery, without the receiver's answer if the person may not see it."""
        found: Delivery | None = super().get_object(request, object_id, from_field)
        if found is not None:
            found.response_excerpt = excerpt_for(signed_in_person(request), found)
        return found

    @admin.action(description=gettext_lazy("Send again"), permissions=["act"])
    def resend_deliveries(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        act_on_each(self, request, queryset, services.resend_delivery, done=_("To be sent again"))

    @admin.action(description=gettext_lazy("Skip: go on with the next event"), permissions=["act"])
    def skip_deliveries(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        act_on_each(self, request, queryset, services.skip_delivery, done=_("Skipped"))
