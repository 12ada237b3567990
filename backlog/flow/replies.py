"""What workers say about their items, and what silence past a deadline says.

A reply counts when it answers the item's current dispatch; any other is recorded and has no effect.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django.conf import settings

from backlog.flow.definition_of_done import only_checks_failed, unmet_criteria
from backlog.flow.orchestration import about
from backlog.models import Deliverable, Item
from backlog.selectors import load_projects
from backlog.states import OVER, ItemState
from backlog.work import ProjectWork
from events.deadletters.elsewhere import Refusal
from events.envelope import Envelope
from events.errors import InvalidEvent
from events.models import Event
from events.texts import joined
from schemas import strict_json
from schemas.payloads.backlog import BacklogItemRetried
from schemas.payloads.work import (
    DeliverablePublished,
    ReviewOutcome,
    WorkItemCompleted,
    WorkItemFailed,
    WorkItemProgressed,
    WorkItemReviewed,
    WorkItemTimedOut,
)

LONGEST_RETRY_SECONDS = 3600
LONGEST_REFUSAL = 2_000


def start_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Its worker has begun: the dispatch is answered, the deadline counts from now."""
    if counts(work, item, event):
        work.close(item.current_dispatch)
        item.started_at = work.now
        item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
        work.change(item, "started_at", "deadline_at")
    return item


def progress_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Its worker is alive: the deadline moves on, and never backwards the progress."""
    if counts(work, item, event):
        work.close(item.current_dispatch)
        reply = cast(WorkItemProgressed, event.payload)
        done, total = reply["done"], reply["total"]
        if done >= item.progress_done:
            item.progress_done, item.progress_total = done, total
        item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
        work.change(item, "progress_done", "progress_total", "deadline_at")
    return item


def accept_deliverable(work: ProjectWork, item: Item, event: Envelope) -> Deliverable | None:
    """Keep what the current dispatch delivered; it may arrive after the word that the item is finished.

    What was decided stays as it was: once the item is done, or its approval was asked for, a deliverable of a kind
    that was there is recorded and has no effect.
    """
    said = cast(DeliverablePublished, event.payload)["deliverable"]
    if not answers_current(item, event) or is_decided(item, said["type"]):
        work.set_aside(event.event_id, Event.Outcome.STALE)
        return None
    require_carriable(said["content"])
    deliverable = work.add(
        Deliverable(
            id=event.event_id,
            project=item.project,
            item=item,
            dispatch_id=item.current_dispatch,
            type=said["type"],
            content=said["content"],
            confidence=said["confidence"],
            agent=said.get("agent") or item.agent_target,
            timestamp=event.timestamp,
            recorded_at=work.now,
        )
    )
    item.delivered = sorted({*item.delivered, deliverable.type})
    work.change(item, "delivered")
    if item.state == ItemState.IN_PROGRESS and item.held_for == Item.Held.DELIVERABLE:
        review(work, item, by="definition of done")
    return deliverable


def require_carriable(content: Any) -> None:
    """Raise InvalidEvent where no dispatch could carry what was delivered."""
    try:
        strict_json.require_room(content)
    except strict_json.InvalidJson as error:
        raise InvalidEvent(f"The deliverable's content cannot be handed on: {error}.") from error


def is_decided(item: Item, kind: str) -> bool:
    """Return True once a deliverable of this kind would change what was decided.

    While its project goes on, a finished item may still bring what nobody has delivered: replies come in any order.
    """
    if item.held_for == Item.Held.APPROVAL:
        return True
    is_there = any(kind in other.delivered for other in item.project.members)
    return item.state == ItemState.DONE and (is_there or item.project.status in OVER)


def complete_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Its worker says it is finished: done if the definition of done agrees, otherwise failed or held."""
    if counts(work, item, event):
        work.close(item.current_dispatch)
        item.evidence = cast(WorkItemCompleted, event.payload)["evidence"]
        work.change(item, "evidence")
        review(work, item, by="definition of done")
    return item


def review(work: ProjectWork, item: Item, *, by: str) -> None:
    """Hold the finished work against its definition of done."""
    unmet = unmet_criteria(item, item.evidence or {})
    if unmet and all(fault.startswith("no deliverable") for fault in unmet) and item.held_for == Item.Held.NO:
        hold(work, item, Item.Held.DELIVERABLE, seconds=settings.LATE_DELIVERABLE_SECONDS)
    elif unmet and only_checks_failed(item, item.evidence or {}):
        hold(work, item, Item.Held.APPROVAL, seconds=None)
    elif unmet:
        reject_evidence(work, item, unmet)
    elif item.approval == Item.Approval.AFTER and not item.approved:
        hold(work, item, Item.Held.APPROVAL, seconds=None)
    else:
        accept(work, item, outcome="accepted", by=by)


def hold(work: ProjectWork, item: Item, held: Item.Held, *, seconds: float | None) -> None:
    """Keep finished work in progress until its deliverable or its approval comes."""
    item.held_for = held
    item.deadline_at = None if seconds is None else work.now + timedelta(seconds=seconds)
    work.change(item, "held_for", "deadline_at")
    if held == Item.Held.APPROVAL:
        work.changes.held[item.pk] = item
    work.note_change(item.project)


def accept(
    work: ProjectWork, item: Item, *, outcome: ReviewOutcome, by: str, reason: str = "", unmet: list[str] | None = None
) -> None:
    """The item is done; what waited for it may go on."""
    item.finish()
    item.done_at, item.deadline_at, item.held_for, item.reason = work.now, None, Item.Held.NO, ""
    work.change(item, "state", "done_at", "deadline_at", "held_for", "reason")
    verdict: WorkItemReviewed = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "key": item.key,
        "outcome": outcome,
        "unmet_criteria": unmet or [],
        "reviewed_by": by,
    }
    if reason:
        verdict["reason"] = reason
    work.emit_about(item.project, "WORK.ITEM_REVIEWED", verdict)
    work.note_change(item.project)


def reject_evidence(work: ProjectWork, item: Item, unmet: list[str]) -> None:
    """Finished work that does not meet its definition of done has failed, with the unmet criteria named."""
    reason = "The definition of done is not met: " + joined(unmet)
    failed: WorkItemFailed = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "reason": reason,
        "category": "DATA_INSUFFICIENCY",
        "retryable": True,
        "unmet_criteria": unmet,
    }
    work.emit_about(item.project, "WORK.ITEM_FAILED", failed)
    give_up_or_retry(work, item, reason=reason, retryable=True)


def fail_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Its worker says it cannot: tried again within its budget unless that is pointless."""
    if counts(work, item, event):
        reply = cast(WorkItemFailed, event.payload)
        give_up_or_retry(work, item, reason=reply["reason"], retryable=reply.get("retryable", True))
    return item


def fail_refused(work: ProjectWork, refusals: Sequence[Refusal]) -> None:
    """Fail the items whose current dispatch a worker elsewhere could not handle: it will not try again by itself.

    A refusal of anything else has no effect: it is kept as a dead letter. Two queries for all of them.
    """
    told = {refusal.event_id: refusal.reason for refusal in refusals if refusal.event_id}
    dispatches = Event.objects.filter(event_id__in=told, type="WORK.ITEM_DISPATCHED")
    named = dict(dispatches.values_list("event_id", "project_id"))
    load_projects(work, [project_id for project_id in named.values() if project_id])
    for item in work.all(Item):
        if item.current_dispatch in named and item.state == ItemState.IN_PROGRESS and not item.held_for:
            refuse(work, item, reason=told[item.current_dispatch])


def refuse(work: ProjectWork, item: Item, *, reason: str) -> None:
    """FAILED for good: its worker gave the dispatch up; staff may retry the item when the cause is gone."""
    reason = f"Its worker put the dispatch on the dead-letter stream: {reason}"[:LONGEST_REFUSAL]
    failed: WorkItemFailed = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "reason": reason,
        "category": "TOOL_FAILURE",
        "retryable": False,
    }
    work.emit_about(item.project, "WORK.ITEM_FAILED", failed)
    give_up_or_retry(work, item, reason=reason, retryable=False)


def time_out(work: ProjectWork, item: Item) -> None:
    """Its deadline has passed without a word."""
    if item.held_for == Item.Held.DELIVERABLE:
        reject_evidence(work, item, unmet_criteria(item, item.evidence or {}))
        return
    assert item.deadline_at is not None
    overdue: WorkItemTimedOut = {
        **about(item),
        "deadline": item.deadline_at.isoformat(),
        "failures": item.failures + 1,
    }
    work.emit_about(item.project, "WORK.ITEM_TIMED_OUT", overdue)
    give_up_or_retry(work, item, reason="Its deadline passed without an answer.", retryable=True)


def give_up_or_retry(work: ProjectWork, item: Item, *, reason: str, retryable: bool) -> None:
    """FAILED; and READY again, after a wait that doubles, while its budget lasts."""
    item.fail()
    work.supersede(item.current_dispatch)
    item.failures += 1
    item.reason, item.deadline_at, item.held_for = reason, None, Item.Held.NO
    work.change(item, "state", "failures", "reason", "deadline_at", "held_for")
    work.note_change(item.project)
    if retryable and item.failures < item.max_attempts:
        seconds = min(settings.ITEM_RETRY_SECONDS * 2 ** (item.failures - 1), LONGEST_RETRY_SECONDS)
        ready_again(work, item, wait=timedelta(seconds=seconds), by=None)


def ready_again(work: ProjectWork, item: Item, *, wait: timedelta, by: str | None) -> None:
    """FAILED → READY, not to be dispatched before the wait is over."""
    item.retry()
    item.not_before = work.now + wait if wait else None
    work.change(item, "state", "not_before")
    retried: BacklogItemRetried = {
        **about(item),
        "failures": item.failures,
        "max_attempts": item.max_attempts,
        "requested_by": by,
        "not_before": item.not_before.isoformat() if item.not_before else None,
    }
    work.emit_about(item.project, "BACKLOG.ITEM_RETRIED", retried)


def counts(work: ProjectWork, item: Item, event: Envelope) -> bool:
    """Whether the reply is about work still going on; otherwise it is recorded and has no effect."""
    if not answers_current(item, event):
        work.set_aside(event.event_id, Event.Outcome.STALE)
        return False
    if item.state != ItemState.IN_PROGRESS or item.held_for:
        work.set_aside(event.event_id, Event.Outcome.IGNORED)
        return False
    return True


def answers_current(item: Item, event: Envelope) -> bool:
    """Whether the reply answers the item's current dispatch; a worker that names no cause means that one."""
    return item.current_dispatch is not None and event.causation_id in (None, item.current_dispatch)
