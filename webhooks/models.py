"""Who is told of events over HTTP, and what came of each telling."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from events.models import Event

# How much of a receiver's answer is kept.
LONGEST_EXCERPT = 500


class Endpoint(models.Model):
    """A receiver's address, what it is told of, and how far it got."""

    url = models.CharField(_("address"), max_length=2000)
    description = models.CharField(_("description"), max_length=300, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="endpoints", verbose_name=_("owner")
    )
    key = models.ForeignKey(
        "accounts.ApiKey",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("key"),
        help_text=_("The key it was made with: it sees no more than that, and ends with it."),
    )
    types = models.JSONField(
        _("event types"), default=list, blank=True, help_text=_("None stands for all; PROJECT.* for all of projects.")
    )
    project_id = models.UUIDField(
        _("project"), null=True, blank=True, help_text=_("None stands for all that the owner may see.")
    )
    secret = models.CharField(_("secret"), max_length=100)
    active = models.BooleanField(_("active"), default=True)
    disabled_reason = models.TextField(_("why it is disabled"), blank=True)
    position = models.BigIntegerField(_("position"), help_text=_("The number of the last event that was looked at."))
    failing_since = models.DateTimeField(_("failing since"), null=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    leased_until = models.DateTimeField(
        null=True, help_text=_("Until then one process serves it and no other; or when that ended.")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(active=True), name="endpoint_active")]

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One event for one endpoint, and what came of it."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        DELIVERED = "delivered", _("Delivered")
        GIVEN_UP = "given_up", _("Given up")
        SKIPPED = "skipped", _("Skipped")

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+", verbose_name=_("event"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    tries = models.PositiveIntegerField(_("tries in this round"), default=0)
    response_status = models.PositiveIntegerField(_("status of the answer"), null=True)
    response_excerpt = models.CharField(_("beginning of the answer"), max_length=LONGEST_EXCERPT, blank=True)
    error = models.TextField(_("what was wrong"), blank=True)
    duration_ms = models.PositiveIntegerField(_("milliseconds"), null=True)
    created_at = models.DateTimeField(_("created"))
    delivered_at = models.DateTimeField(_("delivered"), null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_an_event"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "delivered", "given_up", "skipped"]), name="webhook_delivery_state"
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "event"], condition=Q(state="pending"), name="delivery_pending"),
            models.Index(fields=["endpoint", "event"], condition=Q(state="given_up"), name="delivery_given_up"),
            models.Index(fields=["endpoint", "event"], condition=Q(state="skipped"), name="delivery_skipped"),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.endpoint}"
