"""Writes to the audit log who looked at the report of a project, and who took it away as a file."""

from datetime import timedelta

from django.db.models.functions import Now

from accounts.audit import AuditRecord, unsaved_entry
from backlog.models import Project

# A page is loaded again while it moves: one row says that somebody looked at it within this time.
NOTED_TOGETHER = timedelta(hours=1)


def note_opened(project: Project) -> None:
    """Note in the audit log that the acting account looks at the report; once an hour."""
    note(AuditRecord.Action.REPORT_OPENED, project, f"project {project.pk}")


def note_exported(project: Project, what: str) -> None:
    """Note in the audit log that the acting account takes this file of the project away; once an hour."""
    note(AuditRecord.Action.REPORT_EXPORTED, project, f"project {project.pk}: {what}")


def note(action: AuditRecord.Action, project: Project, details: str) -> None:
    """Write the record, unless there is one of the same account in the last NOTED_TOGETHER."""
    record = unsaved_entry(action, target=project.title, details=details, organisation=project.organisation_id)
    recent = AuditRecord.objects.filter(action=action, recorded_at__gt=Now() - NOTED_TOGETHER)
    if not recent.filter(actor=record.actor, address=record.address, details=record.details).exists():
        record.save()
