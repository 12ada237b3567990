"""The effects of workers' replies on their items, and of a deadline that passes without a reply.

A reply has an effect only if it answers the item's current dispatch; any other is recorded as STALE or IGNORED. One
that could be about an earlier dispatch, because it names none, is refused.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext_noop

from backlog.flow.definition_of_done import only_checks_failed, unmet_criteria
from backlog.flow.model_budget import note_calls
from backlog.flow.orchestration import item_keys
from backlog.models import Deliverable, Item
from backlog.selectors import load_projects
from backlog.states import OVER_STATUSES, ItemState
from backlog.work import ProjectWork
from events.deadletters.elsewhere import Refusal
from events.envelope import Envelope
from events.errors import InvalidEvent
from events.instances import new
from events.models import Event
from events.texts import joined
from pages.stored_sentences import stored_form
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

# The wait before a retry doubles with each failure up to this.
LONGEST_RETRY_SECONDS = 3600
# In characters; the reason of a refused dispatch comes from an external worker and is cut here.
LONGEST_REFUSAL = 2_000
UNMET = stored_form(gettext_noop("The definition of done is not met: %(unmet)s"))
REFUSED = stored_form(gettext_noop("Its worker put the dispatch on the dead-letter stream: %(why)s"))
LATE = gettext_noop("Its deadline passed without an answer.")


def start_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Record that a worker has begun the item: its deadline counts from now."""
    if applies(work, item, event):
        item.started_at = work.now
        item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
        work.change(item, "started_at", "deadline_at")
    return item


def progress_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Record a worker's progress and count the deadline from now; a lower `done` than before is ignored."""
    if applies(work, item, event):
        reply = cast(WorkItemProgressed, event.payload)
        done, total = reply["done"], reply["total"]
        if done >= item.progress_done:
            item.progress_done, item.progress_total = done, total
        item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
        work.change(item, "progress_done", "progress_total", "deadline_at")
    return item


def accept_deliverable(work: ProjectWork, item: Item, event: Envelope) -> Deliverable | None:
    """Store a deliverable of the current dispatch and return it; return None if it came too late to count.

    A deliverable may arrive after the worker's completion. Once the item is done or its approval was asked for, a
    deliverable of a type that exists already would change what was decided: it is marked STALE.
    Raises InvalidEvent if no later dispatch could carry the content.
    """
    delivered = cast(DeliverablePublished, event.payload)["deliverable"]
    if not answers_current(item, event) or is_decided(item, delivered["type"]):
        work.record_no_effect(event.event_id, Event.Outcome.STALE)
        return None
    require_carriable(delivered["content"])
    deliverable = work.add(
        new(
            Deliverable,
            id=event.event_id,
            project=item.project,
            item=item,
            dispatch_id=item.current_dispatch,
            type=delivered["type"],
            content=delivered["content"],
            confidence=delivered["confidence"],
            agent=delivered.get("agent") or item.agent_target,
            timestamp=event.timestamp,
            recorded_at=work.now,
        )
    )
    item.delivered = sorted({*item.delivered, deliverable.type})
    work.change(item, "delivered")
    if item.state == ItemState.IN_PROGRESS and item.held_for == Item.Held.DELIVERABLE:
        review_item(work, item, by="definition of done")
    return deliverable


def require_carriable(content: Any) -> None:
    """Raise InvalidEvent if a dispatch could not carry the deliverable's content on to the next worker."""
    try:
        strict_json.require_room(content)
    except strict_json.InvalidJson as error:
        raise InvalidEvent(f"The deliverable's content cannot be handed on: {error}.") from error


def is_decided(item: Item, kind: str) -> bool:
    """Return True if a deliverable of this type would change a decision that was made already.

    While the project is not over, a finished item may still deliver a type that no item has delivered: replies come
    in any order.
    """
    if item.held_for == Item.Held.APPROVAL:
        return True
    is_delivered = any(kind in other.delivered for other in item.project.members)
    return item.state == ItemState.DONE and (is_delivered or item.project.status in OVER_STATUSES)


def complete_item(work: ProjectWork, item: Item, event: Envelope) -> Item:
    """Record a worker's completion with its evidence: the item becomes done, failed, or held for what is missing."""
    if applies(work, item, event):
        item.evidence = cast(WorkItemCompleted, event.payload)["evidence"]
        item.started_at = item.started_at or work.now
        note_calls(work, item, item.evidence)
        work.change(item, "evidence", "started_at")
        review_item(work, item, by="definition of done")
    return item


def review_item(work: ProjectWork, item: Item, *, by: str) -> None:
    """Check finished work against its definition of done: accept it, fail it, or hold it.

    Held for a late deliverable if nothing else is missing (up to LATE_DELIVERABLE_SECONDS), and held for an approval
    if only named checks failed or the template asks for one. `by` is recorded as the reviewer.
    """
    unmet = unmet_criteria(item, item.evidence or {})
    if unmet and all(fault.startswith("no deliverable") for fault in unmet) and item.held_for == Item.Held.NO:
        hold_item(work, item, Item.Held.DELIVERABLE, seconds=settings.LATE_DELIVERABLE_SECONDS)
    elif unmet and only_checks_failed(item, item.evidence or {}):
        hold_item(work, item, Item.Held.APPROVAL, seconds=None)
    elif unmet:
        reject_evidence(work, item, unmet)
    elif item.approval == Item.Approval.AFTER and not item.approved:
        hold_item(work, item, Item.Held.APPROVAL, seconds=None)
    else:
        accept_item(work, item, outcome="accepted", by=by)


def hold_item(work: ProjectWork, item: Item, held: Item.Held, *, seconds: float | None) -> None:
    """Keep finished work IN_PROGRESS until its deliverable or its approval comes; `seconds` None sets no deadline."""
    item.held_for = held
    item.deadline_at = None if seconds is None else work.now + timedelta(seconds=seconds)
    work.change(item, "held_for", "deadline_at")
    if held == Item.Held.APPROVAL:
        work.changes.held[item.pk] = item
    work.note_change(item.project)


def accept_item(
    work: ProjectWork, item: Item, *, outcome: ReviewOutcome, by: str, reason: str = "", unmet: list[str] | None = None
) -> None:
    """Mark the item DONE and emit the review; items that depend on it are advanced at the end of this work."""
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
    """Fail finished work that does not meet its definition of done; the reason names the unmet criteria."""
    reason = UNMET % {"unmet": joined(unmet)}
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
    """Record a worker's failure: the item is retried while attempts are left, unless the worker says `retryable` no."""
    if applies(work, item, event):
        reply = cast(WorkItemFailed, event.payload)
        give_up_or_retry(work, item, reason=reply["reason"], retryable=reply.get("retryable", True))
    return item


def fail_refused_items(work: ProjectWork, refusals: Sequence[Refusal]) -> None:
    """Fail the items whose current dispatch an external worker put on the dead-letter stream.

    A refusal of any other event has no effect here; it is kept as a dead letter. Two queries for all refusals.
    """
    reasons = {refusal.event_id: refusal.reason for refusal in refusals if refusal.event_id}
    dispatches = Event.objects.filter(event_id__in=reasons, type="WORK.ITEM_DISPATCHED")
    projects = dict(dispatches.values_list("event_id", "project_id"))
    load_projects(work, [project_id for project_id in projects.values() if project_id])
    for item in work.all_loaded(Item):
        if item.current_dispatch in projects and item.state == ItemState.IN_PROGRESS and not item.held_for:
            fail_refused_item(work, item, reason=reasons[item.current_dispatch])


def fail_refused_item(work: ProjectWork, item: Item, *, reason: str) -> None:
    """Fail the item without a retry, since its worker could not handle the dispatch; staff may retry it."""
    reason = (REFUSED % {"why": reason})[:LONGEST_REFUSAL]
    failed: WorkItemFailed = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "reason": reason,
        "category": "TOOL_FAILURE",
        "retryable": False,
    }
    work.emit_about(item.project, "WORK.ITEM_FAILED", failed)
    give_up_or_retry(work, item, reason=reason, retryable=False)


def time_out_item(work: ProjectWork, item: Item) -> None:
    """Fail an item whose deadline passed: for its missing deliverable if it was held for one, else for no reply."""
    if item.held_for == Item.Held.DELIVERABLE:
        reject_evidence(work, item, unmet_criteria(item, item.evidence or {}))
        return
    assert item.deadline_at is not None
    overdue: WorkItemTimedOut = {
        **item_keys(item),
        "deadline": item.deadline_at.isoformat(),
        "failures": item.failures + 1,
    }
    work.emit_about(item.project, "WORK.ITEM_TIMED_OUT", overdue)
    give_up_or_retry(work, item, reason=LATE, retryable=True)


def give_up_or_retry(work: ProjectWork, item: Item, *, reason: str, retryable: bool) -> None:
    """Mark the item FAILED; while attempts are left, mark it READY again after a wait that doubles each time."""
    item.fail()
    work.supersede_command(item.current_dispatch)
    item.failures += 1
    item.reason, item.deadline_at, item.held_for = reason, None, Item.Held.NO
    work.change(item, "state", "failures", "reason", "deadline_at", "held_for")
    work.note_change(item.project)
    if retryable and item.failures < item.max_attempts:
        seconds = min(settings.ITEM_RETRY_SECONDS * 2 ** (item.failures - 1), LONGEST_RETRY_SECONDS)
        make_ready_again(work, item, wait=timedelta(seconds=seconds), by=None)


def make_ready_again(work: ProjectWork, item: Item, *, wait: timedelta, by: str | None) -> None:
    """Mark a failed item READY, not to be dispatched before `wait` is over; `by` is who asked, None for the system."""
    item.retry()
    item.not_before = work.now + wait if wait else None
    work.change(item, "state", "not_before")
    retried: BacklogItemRetried = {
        **item_keys(item),
        "failures": item.failures,
        "max_attempts": item.max_attempts,
        "requested_by": by,
        "not_before": item.not_before.isoformat() if item.not_before else None,
    }
    work.emit_about(item.project, "BACKLOG.ITEM_RETRIED", retried)


def applies(work: ProjectWork, item: Item, event: Envelope) -> bool:
    """Return True if the reply answers the item's work in progress; otherwise mark it STALE or IGNORED."""
    if not answers_current(item, event):
        work.record_no_effect(event.event_id, Event.Outcome.STALE)
        return False
    if item.state != ItemState.IN_PROGRESS or item.held_for:
        work.record_no_effect(event.event_id, Event.Outcome.IGNORED)
        return False
    return True


def answers_current(item: Item, event: Envelope) -> bool:
    """Return True if the reply answers the item's current dispatch; one without a `causation_id` answers the only one.

    Raises InvalidEvent if there were more dispatches than one and the reply does not name which it answers.
    """
    if event.causation_id is None and item.current_dispatch is not None and item.attempts > 1:
        raise InvalidEvent(
            f"The item was dispatched {item.attempts} times, so it cannot be told which dispatch this answers: "
            "put the dispatch's event_id into `causation_id`."
        )
    return item.current_dispatch is not None and event.causation_id in (None, item.current_dispatch)
