"""The consequences of a change: items become ready, pass their gates and are dispatched; projects end.

They are computed once, at the end of a unit of work, over all projects it changed, in a fixed number of queries.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal
from uuid import UUID

from accounts.second_person import deciding
from backlog.errors import SecondPersonNeeded
from backlog.flow import dispatch, report
from backlog.flow.model_budget import settle_grants
from backlog.models import Item, Project
from backlog.states import OVER_STATUSES, ItemState, ProjectStatus
from backlog.work import Changes, ProjectWork
from events.texts import joined
from events.work import unit_of_work
from schemas.payloads.about import AboutKeyedItem
from schemas.payloads.backlog import BacklogItemReadied

When = Literal["at_intake", "before_dispatch", "before_done"]
# Extension points, filled by `clarifications.apps`: the backlog does not import that room. A gate blocks the items
# that lack something, by `services.block_item`, and does not change the others; a follower gets the cancelled items.
Gate = Callable[[ProjectWork, Sequence[Item], When], None]
Follower = Callable[[ProjectWork, Sequence[Item]], None]
GATES: list[Gate] = []
FOLLOWERS: list[Follower] = []


@contextmanager
def project_work(*, divisible: bool = False) -> Iterator[ProjectWork]:
    """Open one transaction for changes to projects, and advance the changed projects at its end.

    See `events.work.unit_of_work` for `divisible`. Raises SecondPersonNeeded, after the commit, if the work only asked
    for an act of which two people decide.
    """
    with unit_of_work(ProjectWork, divisible=divisible) as work:
        yield work
        advance_projects(work)
    if asked := work.asked:
        raise SecondPersonNeeded(
            deciding.waiting_in_words(asked), waiting=asked.pk, expires_at=asked.expires_at.isoformat()
        )


def item_keys(item: Item) -> AboutKeyedItem:
    """Return the part of a payload that names the item."""
    return {"project_id": str(item.project_id), "backlog_item_id": str(item.pk), "key": item.key}


def advance_projects(work: ProjectWork) -> None:
    """Advance every changed project until nothing changes any more, then emit the final reports."""
    work.cause = None
    finished: dict[UUID, Project] = {}
    while (changes := work.pop_changes()).projects:
        advance_once(work, changes)
        finished |= {p.pk: p for p in changes.projects.values() if derive_status(work, p, p.members)}
    report.emit_final_reports(work, finished)


def advance_once(work: ProjectWork, changes: Changes) -> None:
    """Handle one set of changes: pass new and held items through the gates, then make ready and dispatch the rest."""
    settle_grants(work, changes.model_calls)
    pass_gates(work, [item for project in changes.opened for item in project.members], "at_intake")
    pass_gates(work, list(changes.held.values()), "before_done")
    for follower in FOLLOWERS:
        follower(work, list(changes.cancelled.values()))
    for project in changes.projects.values():
        count_open_dependencies(work, project.members)
    items = [item for p in changes.projects.values() if p.status not in OVER_STATUSES for item in p.members]
    make_ready(work, items)
    dispatch_items(work, [item for item in items if item.auto_dispatch and is_due(work, item)])


def pass_gates(work: ProjectWork, items: Sequence[Item], when: When) -> None:
    """Call every gate with the items; a gate blocks those that lack something."""
    for gate in GATES:
        gate(work, items, when)


def count_open_dependencies(work: ProjectWork, items: Sequence[Item]) -> None:
    """Set `waiting_on` of each item: the number of its direct dependencies that are not done."""
    done = {item.key for item in items if item.state == ItemState.DONE}
    for item in items:
        waiting_on = len(set(item.depends_on) - done)
        if waiting_on != item.waiting_on:
            item.waiting_on = waiting_on
            work.change(item, "waiting_on")


def make_ready(work: ProjectWork, items: Sequence[Item]) -> None:
    """Mark each CREATED item without open dependencies READY."""
    for item in items:
        if item.state == ItemState.CREATED and item.waiting_on == 0:
            item.ready()
            work.change(item, "state")
            readied: BacklogItemReadied = {**item_keys(item)}
            work.emit_about(item.project, "BACKLOG.ITEM_READIED", readied)


def is_due(work: ProjectWork, item: Item) -> bool:
    """Return True if the item can be dispatched now: READY, dependencies done, `not_before` passed."""
    return (
        item.state == ItemState.READY
        and item.waiting_on == 0
        and (item.not_before is None or item.not_before <= work.now)
    )


def dispatch_items(work: ProjectWork, items: Sequence[Item]) -> list[Item]:
    """Dispatch the items that pass their gates and return them; the others are blocked by a gate."""
    pass_gates(work, items, "before_dispatch")
    passed = [item for item in items if item.state == ItemState.READY]
    dispatch.dispatch_all(work, passed)
    return passed


def derive_status(work: ProjectWork, project: Project, items: Sequence[Item]) -> bool:
    """Set the project's status to what follows from its items' states; return True if it became DONE."""
    if project.status in OVER_STATUSES or not items:
        return False
    status, reason = status_of(items)
    if status == project.status:
        return False
    move = {"DONE": project.finish, "FAILED": project.fail, "WAITING": project.wait, "OPEN": project.reopen}
    {**move, "CANCELLED": project.cancel}[status]()
    project.reason = reason
    work.change(project, "status", "reason")
    if status in OVER_STATUSES:
        project.finished_at = work.now
        work.change(project, "finished_at")
    report.emit_project_status(work, project, items)
    return status == ProjectStatus.DONE


def status_of(items: Sequence[Item]) -> tuple[ProjectStatus, str]:
    """Return the project status that follows from the items' states, and the reason if it is CANCELLED or FAILED."""
    states = {item.state for item in items}
    if states <= {ItemState.DONE, ItemState.CANCELLED}:
        all_cancelled = ItemState.DONE not in states
        return (ProjectStatus.CANCELLED, "Every item was cancelled.") if all_cancelled else (ProjectStatus.DONE, "")
    if ItemState.BLOCKED in states or any(item.held_for == Item.Held.APPROVAL for item in items):
        return ProjectStatus.WAITING, ""
    failed = [item for item in items if item.state == ItemState.FAILED]
    if failed and not any(can_still_move(item) for item in items):
        return ProjectStatus.FAILED, joined(f"{item.title}: {item.reason}" for item in failed)
    return ProjectStatus.OPEN, ""


def can_still_move(item: Item) -> bool:
    """Return True if the item will go on without a person: it is in progress, or ready with all dependencies done."""
    return item.state == ItemState.IN_PROGRESS or (item.state == ItemState.READY and item.waiting_on == 0)
