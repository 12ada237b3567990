"""The commands on projects and items. Pages, REST, commands and clarifications all change the backlog through them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.models import AskedAct, User
from accounts.second_person import deciding
from accounts.walls import organisation_of
from backlog import policy
from backlog.blueprints import definition_of
from backlog.errors import ApprovalOpen, BacklogError, ItemNotReady, ReasonMissing, SecondPersonNeeded
from backlog.flow import orchestration, report
from backlog.flow.definition_of_done import unmet_criteria
from backlog.flow.orchestration import item_keys
from backlog.flow.replies import accept_item, make_ready_again
from backlog.models import Item, Project
from backlog.states import CANCELLABLE_STATES, ITEM_EDGES, ItemState, ProjectStatus
from backlog.work import ProjectWork
from events.deadletters import OtherSender
from events.envelope import Envelope
from pages.stored_sentences import stored_form
from schemas.payloads.backlog import BacklogItemBlocked, BacklogItemCancelled, BacklogItemUnblocked
from schemas.payloads.project import ProjectCancelled, ProjectFailed
from schemas.payloads.work import WorkItemReviewed

# The maxLength of `reason` in the event schemas.
LONGEST_REASON = 20_000
NEEDS_CANCELLED = stored_form(gettext_noop("It depends on %(item)s, which was cancelled."))
SENT_BACK = stored_form(gettext_noop("Sent back: %(notes)s"))


# -- projects --------------------------------------------------------------------------------------
def cancel_project(work: ProjectWork, project: Project, *, reason: str, by: str) -> Project:
    """Cancel the project and every item that is not done. Raises IllegalTransition if the project is over."""
    project.cancel()
    project.reason, project.finished_at = reason, work.now
    work.change(project, "status", "reason", "finished_at")
    for item in project.members:
        if item.state in CANCELLABLE_STATES:
            cancel_one(work, item, reason=reason, by=by)
    cancelled: ProjectCancelled = {**report.titled_project_keys(project), "reason": reason, "cancelled_by": by}
    work.emit_about(project, "PROJECT.CANCELLED", cancelled)
    work.note_change(project)
    return project


def fail_project(work: ProjectWork, project: Project, *, reason: str, by: str) -> None:
    """Fail the project and cancel every item that is not done. Raises IllegalTransition if the project is over."""
    project.fail()
    project.reason, project.finished_at = reason, work.now
    work.change(project, "status", "reason", "finished_at")
    for item in project.members:
        if item.state in CANCELLABLE_STATES:
            cancel_one(work, item, reason=reason, by=by)
    failed: ProjectFailed = {**report.titled_project_keys(project), "reason": reason, "failed_items": []}
    work.emit_about(project, "PROJECT.FAILED", failed)
    work.note_change(project)


# -- commands of people on items -------------------------------------------------------------------
def dispatch_item(work: ProjectWork, item: Item) -> Item:
    """Dispatch a ready item now, even one with `auto_dispatch` off or a wait before its retry. Raises ItemNotReady."""
    if item.waiting_on:
        waits = ngettext(
            "%(item)s waits for %(n)s other item.", "%(item)s waits for %(n)s other items.", item.waiting_on
        )
        raise ItemNotReady(waits % {"item": item, "n": item.waiting_on}, **state_and_targets(item))
    if item.state != ItemState.READY:
        values = {"item": item, "state": item.get_state_display()}
        raise ItemNotReady(
            _("%(item)s is “%(state)s”; only a ready item can be dispatched.") % values, **state_and_targets(item)
        )
    orchestration.dispatch_items(work, [item])
    return item


def state_and_targets(item: Item) -> dict[str, Any]:
    """Return the item's state and the states that it can go to, as `extra` of an error."""
    return {"state": item.state, "allowed": sorted(ITEM_EDGES[item.state])}


def retry_item(work: ProjectWork, item: Item, *, by: str) -> Item:
    """Make a failed item READY at once, even without attempts left, and reopen its failed project.

    Raises IllegalTransition unless the item is FAILED.
    """
    make_ready_again(work, item, wait=timedelta(), by=by)
    if item.project.status == ProjectStatus.FAILED:
        item.project.reopen()
        item.project.finished_at = None
        work.change(item.project, "status", "finished_at")
    work.note_change(item.project)
    return item


def cancel_item(work: ProjectWork, item: Item, *, reason: str, by: str) -> Item:
    """Cancel an item and, recursively, the items that depend on it. Raises IllegalTransition if the item is done."""
    cancel_one(work, item, reason=reason, by=by)
    for dependant in item.project.members:
        if item.key in dependant.depends_on and dependant.state in CANCELLABLE_STATES:
            cancel_item(work, dependant, reason=NEEDS_CANCELLED % {"item": item.key}, by=by)
    work.note_change(item.project)
    return item


def cancel_one(work: ProjectWork, item: Item, *, reason: str, by: str) -> None:
    """Cancel one item and supersede its dispatch, so that later replies of its worker have no effect."""
    item.cancel()
    work.supersede_command(item.current_dispatch)
    item.reason, item.deadline_at, item.held_for, item.current_dispatch = reason, None, Item.Held.NO, None
    work.change(item, "state", "reason", "deadline_at", "held_for", "current_dispatch")
    work.changes.cancelled[item.pk] = item
    cancelled: BacklogItemCancelled = {**item_keys(item), "reason": reason, "cancelled_by": by}
    work.emit_about(item.project, "BACKLOG.ITEM_CANCELLED", cancelled)


def waive_criteria(work: ProjectWork, item: Item, *, reason: str, by: str, is_confirmed: bool = False) -> Item:
    """Accept an item's finished work although criteria of its definition of done are unmet.

    Where FOUR_EYES names `waive`, it is only asked for unless a second person has confirmed it: the item stays as it
    is, and the end of the work raises SecondPersonNeeded. Raises ReasonMissing, OwnWork, PersonNeeded, ApprovalOpen,
    IllegalTransition, or BacklogError if no worker has finished the item; then nothing changes.
    """
    if not reason.strip():
        raise ReasonMissing(_("Say why the definition of done is waived: the reason is kept with the item."))
    policy.require_waivable(item, by)
    require_no_approvers(item)
    if item.evidence is None:
        values = {"item": item}
        raise BacklogError(_("No worker has finished %(item)s yet: there is nothing to waive.") % values)
    unmet = unmet_criteria(item, item.evidence)
    if deciding.needs_second_person("waive") and not is_confirmed:
        work.asked = ask_for_waiver(item, reason=reason, by=by)
        return item
    if item.state in (ItemState.FAILED, ItemState.READY):
        return_to_progress(work, item, by=by)
    accept_item(work, item, outcome="waived", by=by, reason=reason, unmet=unmet)
    return item


def require_no_approvers(item: Item) -> None:
    """Raise ApprovalOpen if the template says who approves the item's work: a waiver must not go round them."""
    if (
        item.approval == Item.Approval.AFTER
        and definition_of(item.project.template_id).item(item.key).approvers.are_named
    ):
        words = _("The template says who approves “%(item)s”: have it done again, so that they can decide.")
        raise ApprovalOpen(words % {"item": item.title})


def ask_for_waiver(item: Item, *, reason: str, by: str) -> AskedAct:
    """Store that a second person is to confirm the waiver. Raises IllegalTransition if the item cannot be waived."""
    if item.state not in (ItemState.FAILED, ItemState.READY, ItemState.IN_PROGRESS):
        item.finish()
    wish = deciding.Wish("waive", str(item.pk), item.title, reason, organisation_of(item.project))
    return deciding.ask(wish, by=User.objects.filter(username=by).first(), by_name=by)


def return_to_progress(work: ProjectWork, item: Item, *, by: str) -> None:
    """Put a FAILED or READY item back IN_PROGRESS without a new dispatch, so that its earlier work can be accepted."""
    if item.state == ItemState.FAILED:
        retry_item(work, item, by=by)
    item.dispatch()
    work.change(item, "state")


def note_corrector(sender: Any, *, event: Envelope, by: str, **sent: Any) -> None:
    """Record that the account `by` wrote a reply about an item, so that it neither approves nor waives that work.

    Receiver of the signal `events.deadletters.event_corrected`. Raises OtherSender if another account did the work.
    """
    named = str(event.payload.get("backlog_item_id") or "")
    item = Item.objects.filter(pk=named) if named else Item.objects.none()
    author = User.objects.filter(username=by).first()
    if author is None or item.filter(Q(done_by=None) | Q(done_by=author)).update(done_by=author):
        return
    if item.exists():
        raise OtherSender(_("Another account did this work: it has to reply itself. Discard the dead letter."))


# -- commands of clarifications --------------------------------------------------------------------
def block_item(work: ProjectWork, item: Item, *, reason: str, question_ids: list[UUID]) -> Item:
    """Block the item until the questions are answered; a dispatch in progress is superseded.

    An item that is BLOCKED already keeps its state and gets the new reason.
    """
    if item.state != ItemState.BLOCKED:
        item.block()
        work.supersede_command(item.current_dispatch)
        item.current_dispatch, item.deadline_at, item.held_for = None, None, Item.Held.NO
    item.reason = reason[:LONGEST_REASON]
    work.change(item, "state", "current_dispatch", "deadline_at", "held_for", "reason")
    blocked: BacklogItemBlocked = {
        **item_keys(item),
        "reason": item.reason,
        "question_ids": [str(q) for q in question_ids],
    }
    work.emit_about(item.project, "BACKLOG.ITEM_BLOCKED", blocked)
    work.note_change(item.project)
    return item


def unblock_item(work: ProjectWork, item: Item, *, question_id: UUID | None) -> Item:
    """Move a BLOCKED item to READY; it is dispatched at the end of this work if its dependencies are done."""
    item.unblock()
    item.reason = ""
    work.change(item, "state", "reason")
    freed: BacklogItemUnblocked = {**item_keys(item), "question_id": str(question_id) if question_id else None}
    work.emit_about(item.project, "BACKLOG.ITEM_UNBLOCKED", freed)
    work.note_change(item.project)
    return item


def approve_item(work: ProjectWork, item: Item, *, by: str, notes: str = "") -> None:
    """Record an approval: finished work that was held is accepted, a blocked item may be dispatched.

    Held work whose checks failed is accepted as a waiver, with the notes as its reason. If the template asks for no
    approval before the start, the item's agent asked for one: then `cleared` is set, and the next dispatch tells so.
    Raises SecondPersonNeeded for a waiver where FOUR_EYES names `waive`.
    """
    if item.held_for == Item.Held.APPROVAL:
        unmet = unmet_criteria(item, item.evidence or {})
        if unmet and deciding.needs_second_person("waive"):
            raise SecondPersonNeeded(_("Checks of this work failed, and nobody waives them alone: send it back."))
        accept_item(work, item, outcome="waived" if unmet else "accepted", by=by, reason=notes, unmet=unmet)
    if item.state == ItemState.DONE or (item.approval == Item.Approval.BEFORE and not item.approved):
        item.approved = True
    else:
        item.cleared = True
    work.change(item, "approved", "cleared")


def send_item_back(work: ProjectWork, item: Item, *, notes: str, by: str) -> None:
    """Record a rejection: the notes go into the item's next dispatch, and finished work is done again."""
    item.notes = [*item.notes, notes]
    work.change(item, "notes")
    if item.state == ItemState.IN_PROGRESS:
        verdict: WorkItemReviewed = {
            **item_keys(item),
            "outcome": "rejected",
            "unmet_criteria": [],
            "reviewed_by": by,
            "reason": notes,
        }
        work.emit_about(item.project, "WORK.ITEM_REVIEWED", verdict)
        block_item(work, item, reason=SENT_BACK % {"notes": notes}, question_ids=[])
        unblock_item(work, item, question_id=None)
