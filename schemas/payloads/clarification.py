"""Payloads of CLARIFICATION events: what is missing, and the question that asks a person for it."""

from typing import Any, Literal, NotRequired

from schemas.payloads.about import AboutItem, AboutQuestion, Received

QuestionKind = Literal["input", "approval"]
SilencePolicy = Literal["default", "decline", "fail"]


class ClarificationAnswerProvided(AboutQuestion):
    """The one answer to a question was accepted."""

    answer: Any
    answered_by: str
    door: str
    unblocked_items: list[str]


class ClarificationNeeded(AboutItem, Received):
    """A worker lacks something that a person has to say."""

    reason: str
    missing_fields: NotRequired[list[str]]
    fields: NotRequired[dict[str, dict[str, Any]]]
    agent: NotRequired[str]


class ClarificationQuestionAsked(AboutQuestion):
    """A person is asked, once for all items that wait for it."""

    kind: QuestionKind
    title: str
    schema: dict[str, Any]
    blocked_items: list[str]
    revision: int
    reason: str
    due_at: str | None


class ClarificationQuestionAssigned(AboutQuestion):
    """A person took the question on, gave it back, or handed it to somebody else."""

    assigned_to: str
    assigned_group: str
    assigned_by: str


class ClarificationQuestionDeclined(AboutQuestion):
    """Somebody said that the question will not be answered, or the policy for silence did."""

    reason: str
    declined_by: str
    cancelled_items: list[str]


class ClarificationQuestionEscalated(AboutQuestion):
    """Nobody answered in time: the next group is asked."""

    group: str
    level: int


class ClarificationQuestionExpired(AboutQuestion):
    """Nobody answered in time: the template's policy is applied."""

    policy: SilencePolicy


class ClarificationQuestionReminded(AboutQuestion):
    """Nobody has answered yet: whom the question waits for is reminded."""

    reminders: int


class ClarificationQuestionWithdrawn(AboutQuestion):
    """Nothing waits for the answer any more."""

    reason: str
