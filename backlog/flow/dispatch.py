"""Dispatching items to their agents: one state transition and one event for each item, two queries for all items."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from backlog.flow.model_budget import MICROS, budgets_of, note_grant
from backlog.models import Deliverable, Item, WorkContext
from backlog.policy import RESERVED_KEYS
from backlog.readings import settled
from backlog.selectors import deliverables_of, work_contexts
from backlog.work import ProjectWork
from events import artifacts
from events.artifact_links import with_address
from schemas.payloads.objects import DispatchedWorkContext
from schemas.payloads.work import WorkItemDispatched


def dispatch_all(work: ProjectWork, items: Sequence[Item]) -> None:
    """Mark each READY item IN_PROGRESS and emit its WORK.ITEM_DISPATCHED; two queries for all items.

    There are up to four more for those that language models are asked for.
    """
    if not items:
        return
    known = work_contexts(work, {item.project_id for item in items})
    delivered = deliverables_of(work, {item.project_id for item in items if item.depends_on})
    budgets = budgets_of(work, items)
    for item in items:
        upstream = upstream_deliverables(work, item, delivered.get(item.project_id, []))
        context = work_context(work, item, known[item.project_id], upstream)
        if item.pk in budgets:
            context = cast(DispatchedWorkContext, {**context, "model_budget_usd": budgets[item.pk] / MICROS})
        dispatch(work, item, context)
        note_grant(work, item, budgets.get(item.pk, 0))


def dispatch(work: ProjectWork, item: Item, context: DispatchedWorkContext) -> None:
    """Dispatch one item with this work context, and reset what its earlier attempt left."""
    item.dispatch()
    payload: WorkItemDispatched = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "item_type": item.item_type,
        "agent_target": item.agent_target,
        "work_context": context,
    }
    event = work.emit_about(item.project, "WORK.ITEM_DISPATCHED", payload)
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


# Keys that `work_context` adds for each dispatch, so they are dropped from the stored context first. `rows_ref` is not
# among them: it is stored with the context.
ADDED_HERE = tuple(key for key in RESERVED_KEYS if key != "rows_ref")
# Reviewers' notes in a dispatch have at most this size together; if there are more, the newest are sent.
NOTES_BYTES = 64 * 1024
# Keys of a work context that refer to parts stored outside the event.
REFERENCES = ("rows_ref", "deliverables_ref")


def work_context(
    work: ProjectWork, item: Item, context: WorkContext, upstream: dict[str, Any]
) -> DispatchedWorkContext:
    """Return the work context of a dispatch: the project's data, reviewers' notes, and upstream deliverables.

    The rows of a file that was in doubt are those of the reading that a person chose.
    Parts too large for an event are stored and replaced by a reference; with PUBLIC_URL set, the reference has an
    address that expires.
    """
    context_sent: dict[str, Any] = {"rows": [], **without_nulls(settled(context.data))}
    if item.notes:
        context_sent["notes"] = newest_notes(item.notes, NOTES_BYTES)
    if item.cleared:
        context_sent["approved"] = True
    if upstream:
        context_sent["deliverables"] = upstream
    context_sent = artifacts.check_in_deliverables(context_sent)
    references = {key: context_sent[key] for key in REFERENCES if key in context_sent}
    context_sent |= {key: with_address(reference, now=work.now) for key, reference in references.items()}
    # It has more keys than its type names.
    return cast(DispatchedWorkContext, context_sent)


def newest_notes(notes: Sequence[str], bytes_left: int) -> list[str]:
    """Return the newest notes that fit into this many bytes together, in their order."""
    kept: list[str] = []
    for note in reversed(notes):
        bytes_left -= len(note.encode())
        if bytes_left < 0:
            break
        kept.insert(0, note)
    return kept


def without_nulls(data: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the data without null values, which many workers refuse, and without the keys added later.

    Nulls are dropped at the top level, in the rows and in the period, and nowhere deeper.
    """
    kept = {key: value for key, value in data.items() if value is not None and key not in ADDED_HERE}
    if isinstance(rows := kept.get("rows"), list):
        kept["rows"] = [artifacts.known_parts(row) for row in rows]
    if "period" in kept:
        kept["period"] = artifacts.known_parts(kept["period"])
    return kept


def upstream_deliverables(work: ProjectWork, item: Item, delivered: Sequence[Deliverable]) -> dict[str, Any]:
    """Return the current deliverables of all items this one depends on, directly or not: type → content."""
    wanted = ancestors(item)
    return {d.type: d.content for d in delivered if d.item_id in wanted and is_current(work, d)}


def is_current(work: ProjectWork, deliverable: Deliverable) -> bool:
    """Return True if the deliverable answers its item's current dispatch."""
    item = work.loaded(Item, deliverable.item_id)
    return item is not None and deliverable.dispatch_id == item.current_dispatch


def ancestors(item: Item) -> set[UUID]:
    """Return the ids of all items this one depends on, directly or not."""
    by_key = {other.key: other for other in item.project.members}
    ancestor_ids: set[UUID] = set()
    todo = list(item.depends_on)
    while todo:
        other = by_key[todo.pop()]
        if other.pk not in ancestor_ids:
            ancestor_ids.add(other.pk)
            todo.extend(other.depends_on)
    return ancestor_ids
