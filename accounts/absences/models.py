"""The table of absences: one row a person, replaced by the next one."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.recorded import Recorded, RecordedQuerySet, differences_in_words


class Absence(Recorded):
    """The days on which a person is away, both inclusive, and who stands in.

    `begins_at` and `ends_at` are the same in time: from the first midnight to the one after the last day, in the zone
    of the person.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="absence"
    )
    stand_in = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("until"))
    begins_at = models.DateTimeField(editable=False)
    ends_at = models.DateTimeField(editable=False)

    objects = RecordedQuerySet["Absence"].as_manager()
    on_record = frozenset({"stand_in", "first_day", "last_day"})
    related_names = ("person", "stand_in")

    class Meta:
        app_label = "accounts"
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_ends_after_its_begin"),
            models.CheckConstraint(condition=~Q(stand_in=F("person")), name="nobody_stands_in_for_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} is away"

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return an unsaved record of the stand-in and the days, if they differ from the absence `before`."""
        words = differences_in_words(self, before)
        return [self.entry(AuditRecord.Action.STAND_IN_NAMED, words)] if words else []

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved record of the end of the absence."""
        return self.entry(AuditRecord.Action.STAND_IN_ENDED, f"stand in: {self.stand_in}")

    def entry(self, action: AuditRecord.Action, words: str) -> AuditRecord:
        """Return an unsaved record about this absence."""
        return unsaved_entry(
            action,
            target=self.person.get_username(),
            target_id=self.person_id,
            details=words,
            organisation=self.person.organisation_id,
        )
