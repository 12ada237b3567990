"""Telling agents to work: one transition and one event an item, whatever else there is in the database."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from backlog.models import Deliverable, Item, WorkContext
from backlog.policy import OURS
from backlog.selectors import contexts, deliverables_of
from backlog.work import ProjectWork
from events import artifacts
from events.artifact_links import with_address
from schemas.payloads.objects import DispatchedWorkContext
from schemas.payloads.work import WorkItemDispatched


def send(work: ProjectWork, items: Sequence[Item]) -> None:
    """READY → IN_PROGRESS and WORK.ITEM_DISPATCHED for each item; two queries for all of them."""
    if not items:
        return
    known = contexts(work, {item.project_id for item in items})
    delivered = deliverables_of(work, {item.project_id for item in items if item.depends_on})
    for item in items:
        upstream = what_others_delivered(work, item, delivered.get(item.project_id, []))
        dispatch(work, item, work_context(work, item, known[item.project_id], upstream))


def dispatch(work: ProjectWork, item: Item, context: DispatchedWorkContext) -> None:
    """One item on its way: its earlier dispatch, if any, is superseded."""
    item.dispatch()
    payload: WorkItemDispatched = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "item_type": item.item_type,
        "agent_target": item.agent_target,
        "work_context": context,
    }
    event = work.emit_about(item.project, "WORK.ITEM_DISPATCHED", payload, awaits_answer=True)
    item.attempts += 1
    item.current_dispatch = event.event_id
    item.deadline_at = work.now + timedelta(seconds=item.timeout_seconds)
    item.started_at, item.not_before, item.evidence, item.held_for = None, None, None, Item.Held.NO
    item.progress_done, item.progress_total, item.delivered, item.reason = 0, 0, [], ""
    work.change(item, *DISPATCH_FIELDS)


DISPATCH_FIELDS = (
    *("state", "attempts", "current_dispatch", "deadline_at", "started_at", "not_before", "evidence"),
    *("held_for", "progress_done", "progress_total", "delivered", "reason"),
)


# What is added to a context for each dispatch, and never taken from a request.
ADDED_HERE = tuple(key for key in OURS if key != "rows_ref")
# What reviewers noted goes along with each dispatch up to so many bytes, the newest first of all.
NOTES_BYTES = 64 * 1024
# Parts of a work context that may be stored beside it.
REFERENCES = ("rows_ref", "deliverables_ref")


def work_context(
    work: ProjectWork, item: Item, context: WorkContext, upstream: dict[str, Any]
) -> DispatchedWorkContext:
    """What the worker gets: what is known, what reviewers noted, and what came before; large parts by reference."""
    said: dict[str, Any] = {"rows": [], **without_nulls(context.data)}
    if item.notes:
        said["notes"] = newest(item.notes, NOTES_BYTES)
    if item.cleared:
        said["approved"] = True
    if upstream:
        said["deliverables"] = upstream
    said = artifacts.check_in_deliverables(said)
    references = {key: said[key] for key in REFERENCES if key in said}
    said |= {key: with_address(reference, now=work.now) for key, reference in references.items()}
    # It has more keys than its type names.
    return cast(DispatchedWorkContext, said)


def newest(notes: Sequence[str], most: int) -> list[str]:
    """The last of the notes, in their order, that fit into so many bytes together."""
    kept: list[str] = []
    for note in reversed(notes):
        most -= len(note.encode())
        if most < 0:
            break
        kept.insert(0, note)
    return kept


def without_nulls(data: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the context without what is not known, since many workers refuse null, or is added here.

    Looks at the top level, at the rows and at the period; what agents delivered stays as it is.
    """
    kept = {key: value for key, value in data.items() if value is not None and key not in ADDED_HERE}
    if isinstance(rows := kept.get("rows"), list):
        kept["rows"] = [artifacts.known_parts(row) for row in rows]
    if "period" in kept:
        kept["period"] = artifacts.known_parts(kept["period"])
    return kept


def what_others_delivered(work: ProjectWork, item: Item, delivered: Sequence[Deliverable]) -> dict[str, Any]:
    """Per type, the content delivered by the items this one depends on, however far back."""
    wanted = ancestors(item)
    return {d.type: d.content for d in delivered if d.item_id in wanted and is_current(work, d)}


def is_current(work: ProjectWork, deliverable: Deliverable) -> bool:
    """Whether it came from its item's last dispatch."""
    item = work.known(Item, deliverable.item_id)
    return item is not None and deliverable.dispatch_id == item.current_dispatch


def ancestors(item: Item) -> set[UUID]:
    """The ids of all items this one depends on, directly or not."""
    by_key = {other.key: other for other in item.project.members}
    found: set[UUID] = set()
    todo = list(item.depends_on)
    while todo:
        other = by_key[todo.pop()]
        if other.pk not in found:
            found.add(other.pk)
            todo.extend(other.depends_on)
    return found
