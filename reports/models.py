"""The table of shared links: addresses at which a report can be read without signing in."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.audit import AuditRecord, unsaved_entry
from accounts.recorded import Recorded, RecordedQuerySet
from accounts.walls import belongs
from backlog.models import Project

Action = AuditRecord.Action
LONGEST_NOTE = 100


class SharedLinks(RecordedQuerySet["SharedLink"]):
    """A queryset of shared links; changes in bulk are audited too."""


class SharedLink(Recorded):
    """A link that shows the report of one project, read-only, until it expires or is revoked.

    The secret part of the address is not stored, only its digest. `opened_count` counts how often the page or its PDF
    was fetched.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="shared_links")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    note = models.CharField(_("for whom"), max_length=LONGEST_NOTE, blank=True)
    made_by = models.CharField(_("made by"), max_length=150)
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    opened_count = models.PositiveIntegerField(_("times opened"), default=0)
    last_opened_at = models.DateTimeField(_("last opened"), null=True, blank=True)

    objects = SharedLinks.as_manager()
    on_record = frozenset({"project", "digest", "note", "expires_at", "revoked_at"})
    secret_fields = frozenset({"digest"})
    related_names = ("project",)

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")
        ordering = ["-made_at", "id"]
        default_permissions = ()
        indexes = [models.Index(fields=["project", "-made_at"], name="link_by_project")]

    def __str__(self) -> str:
        return f"link {str(self.pk)[:8]}"

    @property
    def is_live(self) -> bool:
        """Return True if the link is neither expired nor revoked."""
        return self.revoked_at is None and self.expires_at > timezone.now()

    def audit_records(self, before: Self | None) -> list[AuditRecord]:
        """Return an unsaved audit record: the link was made, or it was revoked; none if it is only counted."""
        if before is None:
            return [self.entry(Action.LINK_MADE)]
        return [self.entry(Action.LINK_REVOKED)] if self.revoked_at and not before.revoked_at else []

    def deleted_record(self) -> AuditRecord:
        """Return an unsaved entry for the deletion of the link, which goes with its project."""
        return self.entry(Action.LINK_DELETED)

    def entry(self, action: AuditRecord.Action) -> AuditRecord:
        """Return an unsaved entry about this link; its target is the project, its secret is not in it."""
        note = f" for “{self.note}”" if self.note else ""
        words = f"{self}{note}, valid until {self.expires_at:%Y-%m-%d %H:%M} UTC, project {self.project_id}"
        organisation = self.project.organisation_id
        return unsaved_entry(action, target=self.project.title, details=words, organisation=organisation)

    @property
    def standing(self) -> str:
        """Return in words whether the link can be used."""
        if self.revoked_at is not None:
            return str(_("revoked"))
        return str(_("can be used") if self.is_live else _("expired"))


belongs(SharedLink, by="project__organisation")
