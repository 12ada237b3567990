"""What can be wrong with a request about the backlog; the message says what to do."""

from typing import Any

from events.errors import PermanentError


class BacklogError(PermanentError):
    """The backlog refuses; nothing changed."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message, self.extra = message, extra


class UnknownProject(BacklogError):
    """There is no project with this id; for an event, its request may still stand in the queue."""

    may_pass = True


class UnknownItem(BacklogError):
    """The project has no item with this id."""


class UnknownTemplate(BacklogError):
    """No template has this name."""


class InvalidTemplate(BacklogError):
    """The template's definition cannot be used."""


class ProjectExists(BacklogError):
    """A project with this id was opened before."""


class ItemNotReady(BacklogError):
    """The item cannot be dispatched now."""


class StaleLease(BacklogError):
    """The lease is over: its item was finished, superseded, or given to another."""


class OwnWork(BacklogError):
    """Who asked for the work or did it may not decide about it."""


class ForbiddenContext(BacklogError):
    """A request may not bring what Interlock adds to a work context itself."""


class PersonNeeded(BacklogError):
    """A machine may not decide this."""


class ApprovalOpen(BacklogError):
    """The work waits for its approval, which a waiver does not replace."""


class ReasonMissing(BacklogError):
    """Setting a rule aside needs a reason, which is recorded."""
