"""The table of what an organisation lets language models do: whether they are asked, and what they may cost it."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.organisations import Organisation
from accounts.recorded import Recorded, RecordedQuerySet, differences_in_words


class ModelSwitch(Recorded):
    """The switch of one organisation, and its own budgets in US dollars. Without a row the models are off.

    The environment is above it: it names the models, and its budgets bound these. None: only that one bounds.
    """

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, primary_key=True, related_name="+")
    is_on = models.BooleanField(_("ask language models"), default=False, db_default=False)
    day_usd = models.DecimalField(_("budget of a day"), max_digits=9, decimal_places=2, null=True, blank=True)
    month_usd = models.DecimalField(_("budget of a month"), max_digits=9, decimal_places=2, null=True, blank=True)

    objects = RecordedQuerySet["ModelSwitch"].as_manager()
    on_record = frozenset({"is_on", "day_usd", "month_usd"})
    related_names = ("organisation",)

    class Meta:
        verbose_name = _("switch of language models")
        verbose_name_plural = _("language models")
        default_permissions = ("change", "view")

    def __str__(self) -> str:
        return str(self.organisation)

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return an unsaved audit record of the differences from the row `before`; None: it is new."""
        words = differences_in_words(self, before)
        return [self.entry(words)] if words else []

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the deletion of the row, which switches the models off."""
        return self.entry("switched off")

    def entry(self, words: str) -> AuditRecord:
        """Return an unsaved entry about this switch."""
        return unsaved_entry(
            AuditRecord.Action.MODELS_CHANGED,
            target=self.organisation.name,
            details=words,
            organisation=self.organisation_id,
        )
