"""Webhook endpoints, and the deliveries of events to them."""

from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.recorded import Recorded, RecordedQuerySet, differences_in_words
from accounts.walls import belongs
from encryption.fields import EncryptedField, Encrypting
from events.models import Event

Action = AuditRecord.Action
# How many characters of a receiver's answer are stored.
LONGEST_EXCERPT = 500


class Endpoint(Encrypting, Recorded):
    """A receiver's address, the events it gets, and its position in the ledger. Changes by people are audited."""

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
        help_text=_(
            "The API key that made the webhook: it gets only events that the key may read, and ends with the key."
        ),
    )
    types = models.JSONField(
        _("event types"),
        default=list,
        blank=True,
        help_text=_("PROJECT.* means all types that begin so; an empty list means all."),
    )
    project_id = models.UUIDField(
        _("project"),
        null=True,
        blank=True,
        help_text=_("Only events of this project are sent. Empty: of all projects that the owner may see."),
    )
    # Where earlier releases kept the secret in the clear; the next release removes the column.
    plain_secret = models.CharField(max_length=100, db_column="secret", blank=True, default="", editable=False)
    secret = EncryptedField(_("secret"), db_column="encrypted_secret", plain="plain_secret")
    active = models.BooleanField(_("active"), default=True)
    disabled_reason = models.TextField(_("why it is disabled"), blank=True)
    position = models.BigIntegerField(
        _("position"), help_text=_("The number of the last event in the ledger that was examined.")
    )
    failing_since = models.DateTimeField(_("failing since"), null=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    leased_until = models.DateTimeField(
        null=True, help_text=_("Until when one process alone serves the webhook, or when its turn ended.")
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

    def field_in_words(self, field: str) -> str:
        """Return the value of the field in words; of the address only the host, since its path is often a secret."""
        return f"{self.host()}/…" if field == "url" else super().field_in_words(field)

    def host(self) -> str:
        """Return scheme and host of the address."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return unsaved audit records of the differences from the webhook `before`; None: it is new."""
        if before is None:
            return [self.entry(Action.WEBHOOK_MADE, differences_in_words(self, None, without={"owner"}))]
        records = []
        if self.active != before.active:
            action = Action.WEBHOOK_ENABLED if self.active else Action.WEBHOOK_DISABLED
            records.append(self.entry(action, self.disabled_reason))
        if self.is_changed("secret", before):
            records.append(self.entry(Action.WEBHOOK_SECRET_ROTATED))
        if words := differences_in_words(self, before, without={"active", "disabled_reason", "secret"}):
            records.append(self.entry(Action.WEBHOOK_CHANGED, words))
        return records

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the webhook's deletion."""
        return self.entry(Action.WEBHOOK_DELETED)

    def entry(self, action: AuditRecord.Action, words: str = "") -> AuditRecord:
        """Return an unsaved entry about this webhook."""
        name = f"webhook {self.pk} ({self.host()})"
        details = f"{name}: {words}" if words else name
        return unsaved_entry(
            action,
            target=self.owner.username,
            target_id=self.owner_id,
            details=details,
            organisation=self.owner.organisation_id,
        )


class Delivery(models.Model):
    """One event for one endpoint, with the result of its last attempt."""

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


belongs(Endpoint, by="owner__organisation")
belongs(Delivery, by="endpoint__owner__organisation")
