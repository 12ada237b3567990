"""What can be wrong with an answer; the message says what to do."""

from typing import Any

from events.errors import PermanentError


class ClarificationError(PermanentError):
    """The answer is refused; nothing changed."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message, self.extra = message, extra


class UnknownQuestion(ClarificationError):
    """There is no question with this id in the project."""


class InvalidAnswer(ClarificationError):
    """The answer does not fit what was asked; `extra["problems"]` has (JSON Pointer, message) pairs."""


class AlreadyClosed(ClarificationError):
    """The question was answered, declined, expired or withdrawn before; the first answer stands."""


class AlreadyClaimed(ClarificationError):
    """Somebody else holds the question."""


class UnknownAssignee(ClarificationError):
    """There is no such person or group to hand a question to."""


class NotEntitled(ClarificationError):
    """Who speaks in an event may not answer this, or is nobody."""


class OwnApproval(ClarificationError):
    """Nobody approves their own work or request."""


class NotesMissing(ClarificationError):
    """A rejection says what to do differently."""


class LinkRefused(ClarificationError):
    """A link does not lead to an answer (any more); the message says what to do."""


class LinkTampered(LinkRefused):
    """The link is not one of ours as it stands."""


class LinkExpired(LinkRefused):
    """The link is too old."""


class LinkClosed(LinkRefused):
    """The link's question is closed; the message says by whom, when and how."""


class LinkSuperseded(LinkRefused):
    """The link's question was asked again."""


class LinkNotAllowed(LinkRefused):
    """The person may not answer any more, or the question waits for somebody else."""
