"""Payloads of HUMAN and USER events: what people are asked to approve, approve and answer."""

from typing import Any, Literal, NotRequired

from schemas.payloads.about import AboutItem, AboutProject, Received

ApprovalTime = Literal["before", "after"]


class HumanApprovalRequested(AboutItem, Received):
    """A person has to approve: Interlock says so of an item that its template holds, and an agent asks it about the
    item it works on.
    """

    # The contract wants the first three, from Interlock, or the reason, from an agent.
    question_id: NotRequired[str]
    title: NotRequired[str]
    when: NotRequired[ApprovalTime]
    reason: NotRequired[str]
    agent: NotRequired[str]


class HumanApprovalSubmitted(AboutItem, Received):
    """Somebody approves an item, or sends it back with notes."""

    approved: bool
    notes: NotRequired[str]
    question_id: NotRequired[str]
    submitted_by: NotRequired[str]


class UserAnswerSubmitted(AboutProject, Received):
    """A person answers a question."""

    question_id: str
    answer: Any
    answered_by: NotRequired[str]
