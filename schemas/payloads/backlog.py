"""Payloads of BACKLOG events: what becomes of an item."""

from schemas.payloads.about import AboutKeyedItem


class BacklogItemBlocked(AboutKeyedItem):
    """Something is missing that a person has to say."""

    reason: str
    question_ids: list[str]


class BacklogItemCancelled(AboutKeyedItem):
    """Nobody wants the item any more."""

    reason: str
    cancelled_by: str


class BacklogItemCreated(AboutKeyedItem):
    """A work item was made from the project's template."""

    title: str
    agent_target: str
    depends_on: list[str]


class BacklogItemReadied(AboutKeyedItem):
    """Nothing keeps the item from being dispatched."""


class BacklogItemRetried(AboutKeyedItem):
    """A failed item will be tried again."""

    failures: int
    max_attempts: int
    not_before: str | None
    requested_by: str | None


class BacklogItemUnblocked(AboutKeyedItem):
    """What was missing has been said."""

    question_id: str | None
