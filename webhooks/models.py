"""Who is told of events over HTTP, and what came of each telling."""

from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, entry
from accounts.recorded import Recorded, RecordedQuerySet, differences
from events.models import Event

Action = AuditRecord.Action
# How much of a receiver's answer is kept.
LONGEST_EXCERPT = 500


class Endpoint(Recorded):
    """A receiver's address, what it is told of, and how far it got. What a person decides about it goes on record."""

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
        _("event types"), default=list, blank=True, help_text=_("Leave empty for all; PROJECT.* for all of projects.")
    )
    project_id = models.UUIDField(
        _("project"), null=True, blank=True, help_text=_("Leave empty for all that the owner may see.")
    )
    secret = models.CharField(_("secret"), max_length=100)
    active = models.BooleanField(_("active"), default=True)
    disabled_reason = models.TextField(_("why it is disabled"), blank=True)
    position = models.BigIntegerField(
        _("last event sent"), help_text=_("The number of the last event that was sent or passed over.")
    )
    failing_since = models.DateTimeField(_("failing since"), null=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    leased_until = models.DateTimeField(
        null=True, help_text=_("Until then one process serves it and no other; or when that ended.")
    )
    created_at = models.DateTimeField(_("created"))

    objects = RecordedQuerySet["Endpoint"].as_manager()
    secret_fields = frozenset({"secret"})
    on_record = secret_fields | {
        *("url", "description", "owner", "key", "types", "project_id", "active", "disabled_reason"),
    }
    related_names = ("owner", "key")

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = [models.Index(fields=["next_attempt_at"], condition=Q(active=True), name="endpoint_active")]

    def __str__(self) -> str:
        return self.url

    def in_words(self, field: str) -> str:
        """Return what the field holds; of the address only its host, for the rest often is a secret."""
        return f"{self.host()}/…" if field == "url" else super().in_words(field)

    def host(self) -> str:
        """Return the host of the address, with its scheme."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return what differs from the webhook before: made, disabled, enabled, its secret rotated, or changed."""
        if before is None:
            return [self.entry(Action.WEBHOOK_MADE, differences(self, None, without={"owner"}))]
        found = []
        if self.active != before.active:
            action = Action.WEBHOOK_ENABLED if self.active else Action.WEBHOOK_DISABLED
            found.append(self.entry(action, self.disabled_reason))
        if self.secret != before.secret:
            found.append(self.entry(Action.WEBHOOK_SECRET_ROTATED))
        if words := differences(self, before, without={"active", "disabled_reason", "secret"}):
            found.append(self.entry(Action.WEBHOOK_CHANGED, words))
        return found

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the webhook's deletion."""
        return self.entry(Action.WEBHOOK_DELETED)

    def entry(self, action: AuditRecord.Action, words: str = "") -> AuditRecord:
        """Return an unsaved entry about this webhook."""
        named = f"webhook {self.pk} ({self.host()})"
        details = f"{named}: {words}" if words else named
        return entry(action, target=self.owner.username, target_id=self.owner_id, details=details)


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
