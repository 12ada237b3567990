"""What people ask of the backlog, and clarification on their behalf; every door calls these functions."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backlog import policy
from backlog.errors import BacklogError, ItemNotReady, ReasonMissing
from backlog.flow import orchestration, report
from backlog.flow.definition_of_done import unmet_criteria
from backlog.flow.orchestration import about
from backlog.flow.replies import accept, ready_again
from backlog.models import Item, Project
from backlog.states import CANCELLABLE, ITEM_EDGES, ItemState, ProjectStatus
from backlog.work import ProjectWork
from schemas.payloads.backlog import BacklogItemBlocked, BacklogItemCancelled, BacklogItemUnblocked
from schemas.payloads.project import ProjectCancelled, ProjectFailed
from schemas.payloads.work import WorkItemReviewed

# As the contracts of events have it.
LONGEST_REASON = 20_000


# -- projects --------------------------------------------------------------------------------------
def cancel_project(work: ProjectWork, project: Project, *, reason: str, by: str) -> Project:
    """Cancel what is not done. Raises IllegalTransition when the project is over."""
    project.cancel()
    project.reason, project.finished_at = reason, work.now
    work.change(project, "status", "reason", "finished_at")
    for item in project.members:
        if item.state in CANCELLABLE:
            drop(work, item, reason=reason, by=by)
    cancelled: ProjectCancelled = {**report.about(project), "reason": reason, "cancelled_by": by}
    work.emit_about(project, "PROJECT.CANCELLED", cancelled)
    work.note_change(project)
    return project


def fail_project(work: ProjectWork, project: Project, *, reason: str, by: str) -> None:
    """The project cannot go on: what is not done is cancelled. Raises IllegalTransition when it is over."""
    project.fail()
    project.reason, project.finished_at = reason, work.now
    work.change(project, "status", "reason", "finished_at")
    for item in project.members:
        if item.state in CANCELLABLE:
            drop(work, item, reason=reason, by=by)
    failed: ProjectFailed = {**report.about(project), "reason": reason, "failed_items": []}
    work.emit_about(project, "PROJECT.FAILED", failed)
    work.note_change(project)


# -- what a person asks for ------------------------------------------------------------------------
def dispatch_item(work: ProjectWork, item: Item) -> Item:
    """Send a ready item to its agent now. Raises ItemNotReady."""
    if item.waiting_on:
        waits = ngettext(
            "%(item)s waits for %(n)s other item.", "%(item)s waits for %(n)s other items.", item.waiting_on
        )
        raise ItemNotReady(waits % {"item": item, "n": item.waiting_on}, **where(item))
    if item.state != ItemState.READY:
        said = {"item": item, "state": item.get_state_display()}
        raise ItemNotReady(_("%(item)s is “%(state)s”; only a ready item can be dispatched.") % said, **where(item))
    orchestration.dispatch_items(work, [item])
    return item


def where(item: Item) -> dict[str, Any]:
    """The item's state, and those that it can go to."""
    return {"state": item.state, "allowed": sorted(ITEM_EDGES[item.state])}


def retry_item(work: ProjectWork, item: Item, *, by: str) -> Item:
    """Try a failed item again at once, whatever its budget. Raises IllegalTransition."""
    ready_again(work, item, wait=timedelta(), by=by)
    if item.project.status == ProjectStatus.FAILED:
        item.project.reopen()
        item.project.finished_at = None
        work.change(item.project, "status", "finished_at")
    work.note_change(item.project)
    return item


def cancel_item(work: ProjectWork, item: Item, *, reason: str, by: str) -> Item:
    """Cancel an item and what depends on it. Raises IllegalTransition when it is done."""
    drop(work, item, reason=reason, by=by)
    for dependant in item.project.members:
        if item.key in dependant.depends_on and dependant.state in CANCELLABLE:
            cancel_item(work, dependant, reason=f"It depends on {item.key}, which was cancelled.", by=by)
    work.note_change(item.project)
    return item


def drop(work: ProjectWork, item: Item, *, reason: str, by: str) -> None:
    """One item CANCELLED; what its worker still says is stale."""
    item.cancel()
    work.supersede(item.current_dispatch)
    item.reason, item.deadline_at, item.held_for, item.current_dispatch = reason, None, Item.Held.NO, None
    work.change(item, "state", "reason", "deadline_at", "held_for", "current_dispatch")
    work.changes.cancelled[item.pk] = item
    cancelled: BacklogItemCancelled = {**about(item), "reason": reason, "cancelled_by": by}
    work.emit_about(item.project, "BACKLOG.ITEM_CANCELLED", cancelled)


def waive_criteria(work: ProjectWork, item: Item, *, reason: str, by: str) -> Item:
    """Accept an item's finished work although criteria are unmet.

    Raises ReasonMissing, OwnWork, PersonNeeded, ApprovalOpen or IllegalTransition; then nothing changes.
    """
    if not reason.strip():
        raise ReasonMissing(_("Say why the definition of done is waived: the reason is kept with the item."))
    policy.require_waivable(item, by)
    if item.evidence is None:
        said = {"item": item}
        raise BacklogError(_("%(item)s has not been finished by any worker: there is nothing to waive.") % said)
    unmet = unmet_criteria(item, item.evidence)
    if item.state in (ItemState.FAILED, ItemState.READY):
        bring_back(work, item, by=by)
    accept(work, item, outcome="waived", by=by, reason=reason, unmet=unmet)
    return item


def bring_back(work: ProjectWork, item: Item, *, by: str) -> None:
    """Put a failed item whose work is at hand back in progress, along the edges of its lifecycle."""
    if item.state == ItemState.FAILED:
        retry_item(work, item, by=by)
    item.dispatch()
    work.change(item, "state")


# -- what clarification asks for -------------------------------------------------------------------
def block_item(work: ProjectWork, item: Item, *, reason: str, question_ids: list[UUID]) -> Item:
    """Something is missing that a person has to say; work under way is superseded."""
    if item.state != ItemState.BLOCKED:
        item.block()
        work.supersede(item.current_dispatch)
        item.current_dispatch, item.deadline_at, item.held_for = None, None, Item.Held.NO
    item.reason = reason[:LONGEST_REASON]
    work.change(item, "state", "current_dispatch", "deadline_at", "held_for", "reason")
    blocked: BacklogItemBlocked = {
        **about(item),
        "reason": item.reason,
        "question_ids": [str(q) for q in question_ids],
    }
    work.emit_about(item.project, "BACKLOG.ITEM_BLOCKED", blocked)
    work.note_change(item.project)
    return item


def unblock_item(work: ProjectWork, item: Item, *, question_id: UUID | None) -> Item:
    """Nothing is missing any more: BLOCKED → READY, and on to its agent once what it depends on is done."""
    item.unblock()
    item.reason = ""
    work.change(item, "state", "reason")
    freed: BacklogItemUnblocked = {**about(item), "question_id": str(question_id) if question_id else None}
    work.emit_about(item.project, "BACKLOG.ITEM_UNBLOCKED", freed)
    work.note_change(item.project)
    return item


def approve_item(work: ProjectWork, item: Item, *, by: str, notes: str = "") -> None:
    """Record the approval and go on: held work is done, and a blocked item may be dispatched.

    Held work whose checks failed is done by a waiver, with the notes as its reason. A blocked item whose template
    asks for no approval before the start was held back by its agent: the next dispatch says that it is cleared.
    """
    if item.held_for == Item.Held.APPROVAL:
        unmet = unmet_criteria(item, item.evidence or {})
        accept(work, item, outcome="waived" if unmet else "accepted", by=by, reason=notes, unmet=unmet)
    if item.state == ItemState.DONE or (item.approval == Item.Approval.BEFORE and not item.approved):
        item.approved = True
    else:
        item.cleared = True
    work.change(item, "approved", "cleared")


def send_back(work: ProjectWork, item: Item, *, notes: str, by: str) -> None:
    """Somebody rejected the work: the item goes round again with the notes in its context."""
    item.notes = [*item.notes, notes]
    work.change(item, "notes")
    if item.state == ItemState.IN_PROGRESS:
        verdict: WorkItemReviewed = {
            **about(item),
            "outcome": "rejected",
            "unmet_criteria": [],
            "reviewed_by": by,
            "reason": notes,
        }
        work.emit_about(item.project, "WORK.ITEM_REVIEWED", verdict)
        block_item(work, item, reason=f"Sent back: {notes}", question_ids=[])
        unblock_item(work, item, question_id=None)
