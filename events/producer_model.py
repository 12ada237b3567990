"""The model of a producer: another program, with the key by which its entries are known and what it may say."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.recorded import Recorded, RecordedQuerySet, differences_in_words

Action = AuditRecord.Action


class Producer(Recorded):
    """A program that writes to the stream, with one public key. Rows are revoked and stay, as the record of the key.

    Two rows may have one name: a key and the one that follows it.
    """

    name = models.CharField(
        _("name"), max_length=200, help_text=_("What its events name as their source: `source.service`.")
    )
    kid = models.CharField(_("key"), max_length=16, unique=True, help_text=_("Made from the public key."))
    public_key = models.CharField(_("public key"), max_length=44, help_text=_("Ed25519, 32 bytes in base64."))
    types = models.JSONField(_("event types"), default=list, help_text=_("What it may say."))
    agents = models.JSONField(
        _("agents"), default=list, blank=True, help_text=_("Of whose items it may speak; * means every agent.")
    )
    made_by = models.CharField(_("made by"), max_length=200)
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = RecordedQuerySet["Producer"].as_manager()
    on_record = frozenset({"name", "kid", "public_key", "types", "agents", "expires_at", "revoked_at"})

    class Meta:
        verbose_name = _("producer")
        verbose_name_plural = _("producers")
        ordering = ["name", "-made_at"]
        default_permissions = ("add", "change", "view")

    def __str__(self) -> str:
        return f"{self.name} ({self.kid})"

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return an unsaved audit record of the differences from the row `before`: made, revoked or changed."""
        words = differences_in_words(self, before, without=() if before else {"name", "kid"})
        if not words:
            return []
        action = Action.KEY_CHANGED if before else Action.KEY_MADE
        if before and self.revoked_at and not before.revoked_at:
            action = Action.KEY_REVOKED
        return [self.entry(action, words)]

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the deletion of the row."""
        return self.entry(Action.KEY_DELETED)

    def entry(self, action: AuditRecord.Action, words: str = "") -> AuditRecord:
        """Return an unsaved entry about this producer's key."""
        key_name = f"key of the producer ({self.kid})"
        return unsaved_entry(action, target=self.name, details=f"{key_name}: {words}" if words else key_name)
