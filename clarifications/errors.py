"""The errors that clarifications raise; each message says what happened and what to do."""

from typing import Any

from events.errors import PermanentError


class ClarificationError(PermanentError):
    """Base of the errors about questions: an answer or a command was refused, and nothing changed."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message, self.extra = message, extra


class UnknownQuestion(ClarificationError):
    """No question has this id, or it belongs to another project."""


class InvalidAnswer(ClarificationError):
    """The answer does not fit the question's schema; `extra["problems"]` has (JSON Pointer, message) pairs."""


class AlreadyClosed(ClarificationError):
    """The question is closed: answered, declined, expired or withdrawn. The first answer is kept."""


class AlreadyClaimed(ClarificationError):
    """The question is assigned to another person."""


class UnknownAssignee(ClarificationError):
    """No active account and no group has the name that the question should be assigned to."""


class NotEntitled(ClarificationError):
    """The account or producer that an event names may not answer the question, or there is no such account."""


class OwnApproval(ClarificationError):
    """The account requested the work or did it, so it may not approve it."""


class NotApprover(ClarificationError):
    """The template says who approves the work, and the account is none of them; the message says who can."""


class AlreadyApproved(ClarificationError):
    """The account has approved this work already, and other people have to approve it as well."""


class OwnQuestion(ClarificationError):
    """The account is a machine's and asked the question itself, so a person has to answer it."""


class NotesMissing(ClarificationError):
    """A rejection, or an approval although checks failed, came without notes that say why."""


class LinkRefused(ClarificationError):
    """Base of the errors about links in mails: the question cannot be answered by this link."""


class LinkTampered(LinkRefused):
    """The link's signature is wrong: the link was changed, cut off, or not made by this system."""


class LinkExpired(LinkRefused):
    """The link is older than ANSWER_LINK_HOURS."""


class LinkClosed(LinkRefused):
    """The link's question is closed; the message says by whom, when and how."""


class LinkSuperseded(LinkRefused):
    """The link's question was asked again as a newer revision."""


class LinkNotAllowed(LinkRefused):
    """The link's person may not answer any more, or the question now waits for another person."""
