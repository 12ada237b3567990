"""The states of items and projects, and the transitions that their state machines allow."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ItemState(TextChoices):
    CREATED = "CREATED", _("Waits for other items")
    READY = "READY", _("Ready")
    BLOCKED = "BLOCKED", _("Waits for an answer")
    IN_PROGRESS = "IN_PROGRESS", _("In progress")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    CANCELLED = "CANCELLED", _("Cancelled")


class ProjectStatus(TextChoices):
    OPEN = "OPEN", _("Open")
    WAITING = "WAITING", _("Waits for a person")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    CANCELLED = "CANCELLED", _("Cancelled")


ITEM_EDGES: dict[str, set[str]] = {
    "CREATED": {"READY", "BLOCKED", "CANCELLED"},
    "READY": {"IN_PROGRESS", "BLOCKED", "CANCELLED"},
    "BLOCKED": {"READY", "CANCELLED"},
    "IN_PROGRESS": {"DONE", "FAILED", "BLOCKED", "CANCELLED"},
    "FAILED": {"READY", "CANCELLED"},
    "DONE": set(),
    "CANCELLED": set(),
}

# A failed project opens again when staff retry one of its items.
PROJECT_EDGES: dict[str, set[str]] = {
    "OPEN": {"WAITING", "DONE", "FAILED", "CANCELLED"},
    "WAITING": {"OPEN", "DONE", "FAILED", "CANCELLED"},
    "FAILED": {"OPEN", "CANCELLED"},
    "DONE": set(),
    "CANCELLED": set(),
}

# Item states from which an item may still be cancelled.
CANCELLABLE_STATES = [state for state, targets in ITEM_EDGES.items() if "CANCELLED" in targets]
# Project states in which no item of the project is worked on any more.
OVER_STATUSES = (ProjectStatus.DONE, ProjectStatus.FAILED, ProjectStatus.CANCELLED)
