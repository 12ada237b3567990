"""What a person or an event can ask of the backlog: each function decides, says so, and returns what it changed."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings

from backlog import blueprints, orchestration
from backlog.definition_of_done import unmet_criteria
from backlog.errors import BacklogError, ItemNotReady, ProjectExists, ReasonMissing
from backlog.models import Deliverable, Item, Project, Template, WorkContext
from backlog.orchestration import say, touch
from backlog.selectors import load_projects
from backlog.states import CANCELLABLE, ItemState, ProjectStatus
from events import artifacts
from events.envelope import Envelope
from events.models import Event
from events.work import UnitOfWork

DEFAULT_TEMPLATE = "audit"
LONGEST_RETRY_SECONDS = 3600


# -- projects --------------------------------------------------------------------------------------
def submit_request(work: UnitOfWork, *, request: dict[str, Any], intake: dict[str, Any] | None = None) -> Project:
    """Open a project for a request made at one of our own doors; the request is on record as an event."""
    said = work.emit("PROJECT.INITIAL_REQUEST_RECEIVED", request, correlation_id=uuid4())
    work.cause = said.event_id
    return open_project(work, request=request, correlation_id=said.correlation_id, intake=intake)


def open_project(
    work: UnitOfWork, *, request: dict[str, Any], correlation_id: UUID, intake: dict[str, Any] | None = None
) -> Project:
    """Make a project and its items from the request's template. Raises ProjectExists or UnknownTemplate."""
    project_id = UUID(request["project_id"])
    load_projects(work, [project_id])
    if work.known(Project, project_id):
        raise ProjectExists(f"Project {project_id} is open already: a new request needs a new project_id.")
    template = newest_template(work, request.get("template") or DEFAULT_TEMPLATE)
    project = work.add(
        Project(
            id=project_id,
            title=request.get("title") or titled(request["request_text"]),
            template_id=template.pk,
            correlation_id=correlation_id,
            requester=request.get("requester") or "",
            intake=intake or {},
            opened_at=work.now,
        )
    )
    project.members = []
    remember_context(work, project, request)
    definitions = blueprints.definition_of(template.pk).items
    payload = {"template": template.name, "template_version": template.version, "items": len(definitions)}
    say(work, project, "PROJECT.OPENED", {"title": project.title, **payload})
    for position, definition in enumerate(definitions):
        create_item(work, project, definition, position)
    touch(work, project, new=True)
    return project


def newest_template(work: UnitOfWork, name: str) -> Template:
    """The newest version of the template, looked up once a work."""
    looked_up = work.notebook("templates")
    if name not in looked_up:
        looked_up[name] = blueprints.newest(name)
    template: Template = looked_up[name]
    return template


def titled(request_text: str) -> str:
    """A title out of the request's first words."""
    words = " ".join(request_text.split())
    return (words[:77] + "…" if len(words) > 78 else words) or "Untitled request"


def remember_context(work: UnitOfWork, project: Project, request: dict[str, Any]) -> WorkContext:
    """Keep what the request says; rows too many for an event are stored beside it (claim check)."""
    data = {"rows": [], **(request.get("work_context") or {}), "request_text": request["request_text"].strip()}
    said = {"by": request.get("requester") or "requester", "door": "request", "at": work.now.isoformat()}
    provenance = dict.fromkeys((key for key in data if key != "rows" or data[key]), said)
    return work.add(WorkContext(project=project, data=artifacts.check_in_rows(data), provenance=provenance))


def create_item(work: UnitOfWork, project: Project, definition: blueprints.ItemDefinition, position: int) -> Item:
    """One item of the template."""
    item = work.add(
        Item(
            project=project,
            position=position,
            key=definition.key,
            title=definition.title,
            item_type=definition.item_type,
            agent_target=definition.agent_target,
            depends_on=list(definition.depends_on),
            waiting_on=len(definition.depends_on),
            priority=definition.priority,
            auto_dispatch=definition.auto_dispatch,
            timeout_seconds=definition.timeout_seconds,
            max_attempts=definition.max_attempts,
            approval=definition.approval,
        )
    )
    project.members.append(item)
    described = {"title": item.title, "agent_target": item.agent_target, "depends_on": item.depends_on}
    say(work, project, "BACKLOG.ITEM_CREATED", {**about(item), **described})
    return item


def cancel_project(work: UnitOfWork, project: Project, *, reason: str, by: str) -> Project:
    """Cancel what is not done. Raises IllegalTransition when the project is over."""
    project.cancel()
    project.reason, project.finished_at = reason, work.now
    work.change(project, "status", "reason", "finished_at")
    for item in project.members:
        if item.state in CANCELLABLE:
            drop(work, item, reason=reason, by=by)
    say(work, project, "PROJECT.CANCELLED", {"title": project.title, "reason": reason, "cancelled_by": by})
    touch(work, project)
    return project


# -- what a worker says ----------------------------------------------------------------------------
def start_item(work: UnitOfWork, item: Item, event: Envelope) -> Item:
    """Its worker has begun: the dispatch is answered, the deadline counts from now."""
    if counts(work, item, event):
        work.close(item.current_dispatch)
        item.started_at = work.now
        item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
        work.change(item, "started_at", "deadline_at")
    return item


def progress_item(work: UnitOfWork, item: Item, event: Envelope) -> Item:
    """Its worker is alive: the deadline moves on, and never backwards the progress."""
    if counts(work, item, event):
        work.close(item.current_dispatch)
        done, total = event.payload["done"], event.payload["total"]
        if done >= item.progress_done:
            item.progress_done, item.progress_total = done, total
        item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
        work.change(item, "progress_done", "progress_total", "deadline_at")
    return item


def accept_deliverable(work: UnitOfWork, item: Item, event: Envelope) -> Deliverable | None:
    """Keep what the current dispatch delivered; it may arrive after the word that the item is finished."""
    if not answers_current(item, event):
        work.set_aside(event.event_id, Event.Outcome.STALE)
        return None
    said = event.payload["deliverable"]
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
        )
    )
    item.delivered = sorted({*item.delivered, deliverable.type})
    work.change(item, "delivered")
    if item.state == ItemState.IN_PROGRESS and item.held_for == Item.Held.DELIVERABLE:
        review(work, item, by="definition of done")
    return deliverable


def complete_item(work: UnitOfWork, item: Item, event: Envelope) -> Item:
    """Its worker says it is finished: done if the definition of done agrees, otherwise failed or held."""
    if counts(work, item, event):
        work.close(item.current_dispatch)
        item.evidence = event.payload["evidence"]
        work.change(item, "evidence")
        review(work, item, by="definition of done")
    return item


def review(work: UnitOfWork, item: Item, *, by: str) -> None:
    """Hold the finished work against its definition of done."""
    unmet = unmet_criteria(item, item.evidence or {})
    if unmet and all(fault.startswith("no deliverable") for fault in unmet) and item.held_for == Item.Held.NO:
        hold(work, item, Item.Held.DELIVERABLE, seconds=settings.LATE_DELIVERABLE_SECONDS)
    elif unmet:
        reject_evidence(work, item, unmet)
    elif item.approval == Item.Approval.AFTER and not item.approved:
        hold(work, item, Item.Held.APPROVAL, seconds=None)
    else:
        accept(work, item, outcome="accepted", by=by)


def hold(work: UnitOfWork, item: Item, held: Item.Held, *, seconds: float | None) -> None:
    """Keep finished work in progress until its deliverable or its approval comes."""
    item.held_for = held
    item.deadline_at = None if seconds is None else work.now + timedelta(seconds=seconds)
    work.change(item, "held_for", "deadline_at")
    if held == Item.Held.APPROVAL:
        work.notebook("held")[item.pk] = item
    touch(work, item.project)


def accept(
    work: UnitOfWork, item: Item, *, outcome: str, by: str, reason: str = "", unmet: list[str] | None = None
) -> None:
    """The item is done; what waited for it may go on."""
    item.finish()
    item.done_at, item.deadline_at, item.held_for, item.reason = work.now, None, Item.Held.NO, ""
    work.change(item, "state", "done_at", "deadline_at", "held_for", "reason")
    verdict = {"outcome": outcome, "unmet_criteria": unmet or [], "reviewed_by": by}
    say(work, item.project, "WORK.ITEM_REVIEWED", {**about(item), **verdict, **({"reason": reason} if reason else {})})
    touch(work, item.project)


def reject_evidence(work: UnitOfWork, item: Item, unmet: list[str]) -> None:
    """Finished work that does not meet its definition of done has failed, with the unmet criteria named."""
    reason = "The definition of done is not met: " + "; ".join(unmet)
    payload = {"reason": reason, "category": "DATA_INSUFFICIENCY", "retryable": True, "unmet_criteria": unmet}
    say(work, item.project, "WORK.ITEM_FAILED", {"backlog_item_id": str(item.pk), **payload})
    give_up_or_retry(work, item, reason=reason, retryable=True)


def fail_item(work: UnitOfWork, item: Item, event: Envelope) -> Item:
    """Its worker says it cannot: tried again within its budget unless that is pointless."""
    if counts(work, item, event):
        give_up_or_retry(work, item, reason=event.payload["reason"], retryable=event.payload.get("retryable", True))
    return item


def time_out(work: UnitOfWork, item: Item) -> None:
    """Its deadline has passed without a word."""
    if item.held_for == Item.Held.DELIVERABLE:
        reject_evidence(work, item, unmet_criteria(item, item.evidence or {}))
        return
    assert item.deadline_at is not None
    overdue = {"deadline": item.deadline_at.isoformat(), "failures": item.failures + 1}
    say(work, item.project, "WORK.ITEM_TIMED_OUT", {**about(item), **overdue})
    give_up_or_retry(work, item, reason=f"No answer within {item.timeout_seconds} seconds.", retryable=True)


def give_up_or_retry(work: UnitOfWork, item: Item, *, reason: str, retryable: bool) -> None:
    """FAILED; and READY again, after a wait that doubles, while its budget lasts."""
    item.fail()
    work.close(item.current_dispatch)
    item.failures += 1
    item.reason, item.deadline_at, item.held_for = reason, None, Item.Held.NO
    work.change(item, "state", "failures", "reason", "deadline_at", "held_for")
    touch(work, item.project)
    if retryable and item.failures < item.max_attempts:
        seconds = min(settings.ITEM_RETRY_SECONDS * 2 ** (item.failures - 1), LONGEST_RETRY_SECONDS)
        ready_again(work, item, wait=timedelta(seconds=seconds), by=None)


def ready_again(work: UnitOfWork, item: Item, *, wait: timedelta, by: str | None) -> None:
    """FAILED → READY, not to be dispatched before the wait is over."""
    item.retry()
    item.not_before = work.now + wait if wait else None
    work.change(item, "state", "not_before")
    budget = {"failures": item.failures, "max_attempts": item.max_attempts, "requested_by": by}
    when = item.not_before.isoformat() if item.not_before else None
    say(work, item.project, "BACKLOG.ITEM_RETRIED", {**about(item), **budget, "not_before": when})


def counts(work: UnitOfWork, item: Item, event: Envelope) -> bool:
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


# -- what a person asks for ------------------------------------------------------------------------
def dispatch_item(work: UnitOfWork, item: Item) -> Item:
    """Send a ready item to its agent now. Raises ItemNotReady."""
    if item.waiting_on:
        raise ItemNotReady(f"{item} waits for {item.waiting_on} other item(s).")
    if item.state != ItemState.READY:
        raise ItemNotReady(f"{item} is {item.state}; only a READY item can be dispatched.")
    orchestration.dispatch_items(work, [item])
    return item


def retry_item(work: UnitOfWork, item: Item, *, by: str) -> Item:
    """Try a failed item again at once, whatever its budget. Raises IllegalTransition."""
    ready_again(work, item, wait=timedelta(), by=by)
    if item.project.status == ProjectStatus.FAILED:
        item.project.reopen()
        item.project.finished_at = None
        work.change(item.project, "status", "finished_at")
    touch(work, item.project)
    return item


def cancel_item(work: UnitOfWork, item: Item, *, reason: str, by: str) -> Item:
    """Cancel an item and what depends on it. Raises IllegalTransition when it is done."""
    drop(work, item, reason=reason, by=by)
    for dependant in item.project.members:
        if item.key in dependant.depends_on and dependant.state in CANCELLABLE:
            cancel_item(work, dependant, reason=f"It depends on {item.key}, which was cancelled.", by=by)
    touch(work, item.project)
    return item


def drop(work: UnitOfWork, item: Item, *, reason: str, by: str) -> None:
    """One item CANCELLED; what its worker still says is stale."""
    item.cancel()
    work.close(item.current_dispatch)
    item.reason, item.deadline_at, item.held_for, item.current_dispatch = reason, None, Item.Held.NO, None
    work.change(item, "state", "reason", "deadline_at", "held_for", "current_dispatch")
    work.notebook("cancelled")[item.pk] = item
    say(work, item.project, "BACKLOG.ITEM_CANCELLED", {**about(item), "reason": reason, "cancelled_by": by})


def waive_criteria(work: UnitOfWork, item: Item, *, reason: str, by: str) -> Item:
    """Accept an item's finished work although criteria are unmet. Raises ReasonMissing or IllegalTransition."""
    if not reason.strip():
        raise ReasonMissing("Say why the definition of done is waived: the reason is kept with the item.")
    if item.evidence is None:
        raise BacklogError(f"{item} has not been finished by any worker: there is nothing to waive.")
    unmet = unmet_criteria(item, item.evidence)
    if item.state in (ItemState.FAILED, ItemState.READY):
        bring_back(work, item, by=by)
    accept(work, item, outcome="waived", by=by, reason=reason, unmet=unmet)
    return item


def bring_back(work: UnitOfWork, item: Item, *, by: str) -> None:
    """Put a failed item whose work is at hand back in progress, along the edges of its lifecycle."""
    if item.state == ItemState.FAILED:
        retry_item(work, item, by=by)
    item.dispatch()
    work.change(item, "state")


# -- what clarification asks for -------------------------------------------------------------------
def block_item(work: UnitOfWork, item: Item, *, reason: str, question_ids: list[UUID]) -> Item:
    """Something is missing that a person has to say; work under way is superseded."""
    if item.state != ItemState.BLOCKED:
        item.block()
        work.close(item.current_dispatch)
        item.current_dispatch, item.deadline_at, item.held_for = None, None, Item.Held.NO
    item.reason = reason
    work.change(item, "state", "current_dispatch", "deadline_at", "held_for", "reason")
    asked = {"reason": reason, "question_ids": [str(q) for q in question_ids]}
    say(work, item.project, "BACKLOG.ITEM_BLOCKED", {**about(item), **asked})
    touch(work, item.project)
    return item


def unblock_item(work: UnitOfWork, item: Item, *, question_id: UUID | None) -> Item:
    """Nothing is missing any more: BLOCKED → READY, and on to its agent once what it depends on is done."""
    item.unblock()
    item.reason = ""
    work.change(item, "state", "reason")
    freed = {"question_id": str(question_id) if question_id else None}
    say(work, item.project, "BACKLOG.ITEM_UNBLOCKED", {**about(item), **freed})
    touch(work, item.project)
    return item


def approve_item(work: UnitOfWork, item: Item, *, by: str) -> None:
    """Somebody approved: held work is done, and an item not yet dispatched may go."""
    item.approved = True
    work.change(item, "approved")
    if item.held_for == Item.Held.APPROVAL:
        accept(work, item, outcome="accepted", by=by)


def send_back(work: UnitOfWork, item: Item, *, notes: str, by: str) -> None:
    """Somebody rejected the work: the item goes round again with the notes in its context."""
    item.notes = [*item.notes, notes]
    work.change(item, "notes")
    if item.state == ItemState.IN_PROGRESS:
        verdict = {"outcome": "rejected", "unmet_criteria": [], "reviewed_by": by, "reason": notes}
        say(work, item.project, "WORK.ITEM_REVIEWED", {**about(item), **verdict})
        block_item(work, item, reason=f"Sent back: {notes}", question_ids=[])
        unblock_item(work, item, question_id=None)


def fail_project(work: UnitOfWork, project: Project, *, reason: str, by: str) -> None:
    """The project cannot go on: what is not done is cancelled. Raises IllegalTransition when it is over."""
    project.fail()
    project.reason, project.finished_at = reason, work.now
    work.change(project, "status", "reason", "finished_at")
    for item in project.members:
        if item.state in CANCELLABLE:
            drop(work, item, reason=reason, by=by)
    say(work, project, "PROJECT.FAILED", {"title": project.title, "reason": reason, "failed_items": []})
    touch(work, project)


def about(item: Item) -> dict[str, Any]:
    """The keys by which an event names an item."""
    return {"backlog_item_id": str(item.pk), "key": item.key}
