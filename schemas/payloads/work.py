"""Payloads of WORK and DELIVERABLE events: what goes to workers, and what they reply."""

from typing import Any, Literal, NotRequired

from schemas.payloads.about import AboutItem, AboutKeyedItem, Received
from schemas.payloads.objects import Deliverable, DispatchedWorkContext

FailureCategory = Literal["TOOL_FAILURE", "DATA_INSUFFICIENCY", "REASONING_CONTRADICTION"]
ReviewOutcome = Literal["accepted", "rejected", "waived"]


class DeliverablePublished(AboutItem, Received):
    """A worker delivers something for the item."""

    deliverable: Deliverable


class WorkItemCompleted(AboutItem, Received):
    """A worker says that the item is finished, with evidence for its definition of done."""

    evidence: dict[str, Any]


class WorkItemDispatched(AboutItem):
    """A worker is told to do the item. Its replies name this event as their cause."""

    item_type: str
    agent_target: str
    work_context: DispatchedWorkContext


class WorkItemFailed(AboutItem, Received):
    """A worker cannot do the item, or its definition of done is not met."""

    reason: str
    category: NotRequired[FailureCategory]
    retryable: NotRequired[bool]
    unmet_criteria: NotRequired[list[str]]


class WorkItemProgressed(AboutItem, Received):
    """A worker is alive and so far."""

    done: int
    total: int
    message: NotRequired[str]


class WorkItemReviewed(AboutKeyedItem):
    """Finished work was held against its definition of done."""

    outcome: ReviewOutcome
    unmet_criteria: list[str]
    reviewed_by: str
    reason: NotRequired[str]


class WorkItemStarted(AboutItem, Received):
    """A worker has begun."""

    started_at: NotRequired[str]


class WorkItemTimedOut(AboutKeyedItem):
    """No word came before the item's deadline."""

    deadline: str
    failures: int
