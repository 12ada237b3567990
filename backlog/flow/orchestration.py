"""What follows from a change: items become ready, pass their gates and are dispatched; projects end.

Runs once at the end of a unit of work, over the projects it touched, in a fixed number of queries.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backlog.flow import dispatch, report
from backlog.flow.gates import pass_gates, tell_followers
from backlog.models import Item, Project
from backlog.states import OVER, ItemState, ProjectStatus
from events.models import Event
from events.texts import joined
from events.work import UnitOfWork


def say(work: UnitOfWork, project: Project, event_type: str, payload: dict[str, Any], **options: Any) -> Event:
    """Emit an event about the project, caused by what this work is handling."""
    return work.emit(
        event_type,
        {"project_id": str(project.pk), **payload},
        correlation_id=project.correlation_id,
        causation_id=work.cause or causes(work).get(project.pk),
        **options,
    )


def about(item: Item) -> dict[str, Any]:
    """The keys by which an event names an item."""
    return {"backlog_item_id": str(item.pk), "key": item.key}


def causes(work: UnitOfWork) -> dict[UUID, UUID | None]:
    """Per touched project, the event that touched it last."""
    return work.notebook("causes")


def touch(work: UnitOfWork, project: Project, *, new: bool = False) -> None:
    """Something in the project changed: see what follows before the work is written."""
    causes(work)[project.pk] = work.cause or causes(work).get(project.pk)
    if new:
        work.notebook("new_projects")[project.pk] = project
    work.before_write(advance)


def advance(work: UnitOfWork) -> None:
    """Carry every touched project on as far as it can go now."""
    work.cause = None
    pass_gates(work, items_of_new_projects(work), "at_intake")
    pass_gates(work, taken(work, "held"), "before_done")
    tell_followers(work, taken(work, "cancelled"))
    touched = [p for pk in causes(work) if (p := work.known(Project, pk)) is not None]
    for project in touched:
        count_open_dependencies(work, project.members)
    live = [item for project in touched if project.status not in OVER for item in project.members]
    make_ready(work, live)
    dispatch_items(work, [item for item in live if item.auto_dispatch and is_due(work, item)])
    for project in touched:
        derive_status(work, project, project.members)


def taken(work: UnitOfWork, notebook: str) -> list[Item]:
    """The items noted there since the last look."""
    items = list(work.notebook(notebook).values())
    work.notebook(notebook).clear()
    return items


def items_of_new_projects(work: UnitOfWork) -> list[Item]:
    """The items of projects opened in this work, once."""
    new = work.notebook("new_projects")
    items = [item for project in new.values() for item in project.members]
    new.clear()
    return items


def count_open_dependencies(work: UnitOfWork, items: Sequence[Item]) -> None:
    """Note on each item how many of those it depends on are not done."""
    done = {item.key for item in items if item.state == ItemState.DONE}
    for item in items:
        waiting_on = len(set(item.depends_on) - done)
        if waiting_on != item.waiting_on:
            item.waiting_on = waiting_on
            work.change(item, "waiting_on")


def make_ready(work: UnitOfWork, items: Sequence[Item]) -> None:
    """CREATED → READY for each item that waits for nothing."""
    for item in items:
        if item.state == ItemState.CREATED and item.waiting_on == 0:
            item.ready()
            work.change(item, "state")
            say(work, item.project, "BACKLOG.ITEM_READIED", {"backlog_item_id": str(item.pk), "key": item.key})


def is_due(work: UnitOfWork, item: Item) -> bool:
    """Whether the item could be dispatched now."""
    return (
        item.state == ItemState.READY
        and item.waiting_on == 0
        and (item.not_before is None or item.not_before <= work.now)
    )


def dispatch_items(work: UnitOfWork, items: Sequence[Item]) -> list[Item]:
    """Dispatch those of the due items that pass their gates."""
    pass_gates(work, items, "before_dispatch")
    passed = [item for item in items if item.state == ItemState.READY]
    dispatch.send(work, passed)
    return passed


def derive_status(work: UnitOfWork, project: Project, items: Sequence[Item]) -> None:
    """Make the project's status say what its items say, in the same transaction."""
    if project.status in OVER or not items:
        return
    status, reason = status_of(items)
    if status == project.status:
        return
    move = {"DONE": project.finish, "FAILED": project.fail, "WAITING": project.wait, "OPEN": project.reopen}
    {**move, "CANCELLED": project.cancel}[status]()
    project.reason = reason
    work.change(project, "status", "reason")
    if status in OVER:
        project.finished_at = work.now
        work.change(project, "finished_at")
    report.announce(work, project, items)


def status_of(items: Sequence[Item]) -> tuple[ProjectStatus, str]:
    """The status that follows from the items' states, with the reason when the project is over."""
    states = {item.state for item in items}
    if states <= {ItemState.DONE, ItemState.CANCELLED}:
        cancelled = ItemState.DONE not in states
        return (ProjectStatus.CANCELLED, "Every item was cancelled.") if cancelled else (ProjectStatus.DONE, "")
    if ItemState.BLOCKED in states or any(item.held_for == Item.Held.APPROVAL for item in items):
        return ProjectStatus.WAITING, ""
    failed = [item for item in items if item.state == ItemState.FAILED]
    if failed and not any(can_still_move(item) for item in items):
        return ProjectStatus.FAILED, joined(f"{item.title}: {item.reason}" for item in failed)
    return ProjectStatus.OPEN, ""


def can_still_move(item: Item) -> bool:
    """Whether the item can go on without anybody's help."""
    return item.state == ItemState.IN_PROGRESS or (item.state == ItemState.READY and item.waiting_on == 0)
