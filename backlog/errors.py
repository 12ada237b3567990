"""The errors that the backlog raises; each message says what happened and what to do."""

from typing import Any

from events.errors import PermanentError


class BacklogError(PermanentError):
    """Base of the backlog's errors: a request was refused, and nothing changed. `extra` is for programs."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message, self.extra = message, extra


class UnknownProject(BacklogError):
    """No project has this id. An event that names one is retried: the request that opens the project may come later."""

    may_pass = True


class UnknownItem(BacklogError):
    """The project has no item with this id."""


class UnknownTemplate(BacklogError):
    """No template has this name."""


class InvalidTemplate(BacklogError):
    """The template's definition cannot be used."""


class ProjectExists(BacklogError):
    """A project with this id was opened before."""


class ProjectArchived(BacklogError):
    """The project ended long ago and its events are in an archive: nothing in it changes any more."""


class QuotaReached(BacklogError):
    """The organisation has used what it may; `quota` in `extra` names the limit."""


class ItemNotReady(BacklogError):
    """The item cannot be dispatched now."""


class StaleLease(BacklogError):
    """The lease has ended: its item was finished or cancelled, its dispatch was superseded, or its time ran out."""


class OwnWork(BacklogError):
    """The account asked for the work or did it, so it may not approve or waive it."""


class ForbiddenContext(BacklogError):
    """The request's work context has a key that only Interlock may set, or is too large for an event."""


class PersonNeeded(BacklogError):
    """The caller is a service account; only a person may decide this."""


class ApprovalOpen(BacklogError):
    """The finished work waits for an approval, so its definition of done cannot be waived."""


class SecondPersonNeeded(BacklogError):
    """The act needs two people (FOUR_EYES): nothing happened yet, and the message says who may confirm it, and where.

    `waiting` in `extra` is the number of what was asked for, where it was stored to wait, and `expires_at` its end.
    """


class ReasonMissing(BacklogError):
    """A waiver was asked for without a reason; the reason is recorded with the item."""
