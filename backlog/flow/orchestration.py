"""What follows from a change: items become ready, pass their gates and are dispatched; projects end.

Runs once at the end of a unit of work, over the projects it changed, in a fixed number of queries.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal
from uuid import UUID

from backlog.flow import dispatch, report
from backlog.models import Item, Project
from backlog.states import OVER, ItemState, ProjectStatus
from backlog.work import Changes, ProjectWork
from events.texts import joined
from events.work import unit_of_work
from schemas.payloads.about import AboutKeyedItem
from schemas.payloads.backlog import BacklogItemReadied

When = Literal["at_intake", "before_dispatch", "before_done"]
# Clarification's part in the flow, registered when it is ready. A gate blocks the items that lack something, by
# `services.block_item`, and leaves the others alone; a follower hears which items were cancelled.
Gate = Callable[[ProjectWork, Sequence[Item], When], None]
Follower = Callable[[ProjectWork, Sequence[Item]], None]
GATES: list[Gate] = []
FOLLOWERS: list[Follower] = []


@contextmanager
def project_work(*, divisible: bool = False) -> Iterator[ProjectWork]:
    """One transaction around what is done to projects; what follows from it is done at its end, once for all.

    See `events.work.unit_of_work` for `divisible`.
    """
    with unit_of_work(ProjectWork, divisible=divisible) as work:
        yield work
        advance(work)


def about(item: Item) -> AboutKeyedItem:
    """The keys by which an event names an item."""
    return {"project_id": str(item.project_id), "backlog_item_id": str(item.pk), "key": item.key}


def advance(work: ProjectWork) -> None:
    """Carry every changed project on as far as it can go now; what that changes is carried on too."""
    work.cause = None
    finished: dict[UUID, Project] = {}
    while (changes := work.take_changes()).projects:
        carry_on(work, changes)
        finished |= {p.pk: p for p in changes.projects.values() if derive_status(work, p, p.members)}
    report.emit_final_reports(work, finished)


def carry_on(work: ProjectWork, changes: Changes) -> None:
    """Gates for what is new or held, then each item that can go: ready, past its gate, dispatched."""
    pass_gates(work, [item for project in changes.opened for item in project.members], "at_intake")
    pass_gates(work, list(changes.held.values()), "before_done")
    for follow in FOLLOWERS:
        follow(work, list(changes.cancelled.values()))
    for project in changes.projects.values():
        count_open_dependencies(work, project.members)
    live = [item for p in changes.projects.values() if p.status not in OVER for item in p.members]
    make_ready(work, live)
    dispatch_items(work, [item for item in live if item.auto_dispatch and is_due(work, item)])


def pass_gates(work: ProjectWork, items: Sequence[Item], when: When) -> None:
    """Have every gate look at the items, and block those that lack something."""
    for block_lacking in GATES:
        block_lacking(work, items, when)


def count_open_dependencies(work: ProjectWork, items: Sequence[Item]) -> None:
    """Note on each item how many of those it depends on are not done."""
    done = {item.key for item in items if item.state == ItemState.DONE}
    for item in items:
        waiting_on = len(set(item.depends_on) - done)
        if waiting_on != item.waiting_on:
            item.waiting_on = waiting_on
            work.change(item, "waiting_on")


def make_ready(work: ProjectWork, items: Sequence[Item]) -> None:
    """CREATED → READY for each item that waits for nothing."""
    for item in items:
        if item.state == ItemState.CREATED and item.waiting_on == 0:
            item.ready()
            work.change(item, "state")
            readied: BacklogItemReadied = {**about(item)}
            work.emit_about(item.project, "BACKLOG.ITEM_READIED", readied)


def is_due(work: ProjectWork, item: Item) -> bool:
    """Whether the item could be dispatched now."""
    return (
        item.state == ItemState.READY
        and item.waiting_on == 0
        and (item.not_before is None or item.not_before <= work.now)
    )


def dispatch_items(work: ProjectWork, items: Sequence[Item]) -> list[Item]:
    """Dispatch those of the due items that pass their gates."""
    pass_gates(work, items, "before_dispatch")
    passed = [item for item in items if item.state == ItemState.READY]
    dispatch.send(work, passed)
    return passed


def derive_status(work: ProjectWork, project: Project, items: Sequence[Item]) -> bool:
    """Make the project's status say what its items say; return True if that makes it done."""
    if project.status in OVER or not items:
        return False
    status, reason = status_of(items)
    if status == project.status:
        return False
    move = {"DONE": project.finish, "FAILED": project.fail, "WAITING": project.wait, "OPEN": project.reopen}
    {**move, "CANCELLED": project.cancel}[status]()
    project.reason = reason
    work.change(project, "status", "reason")
    if status in OVER:
        project.finished_at = work.now
        work.change(project, "finished_at")
    report.announce(work, project, items)
    return status == ProjectStatus.DONE


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
