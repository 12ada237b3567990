"""The events about a project's status: a snapshot while it goes on, and a final report when it is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from backlog.models import Deliverable, Item, Project
from backlog.selectors import deliverables_of
from backlog.states import ItemState, ProjectStatus
from backlog.work import ProjectWork
from schemas.payloads.about import AboutTitledProject
from schemas.payloads.project import ProjectCancelled, ProjectCompleted, ProjectFailed
from schemas.payloads.report import (
    DeliverableLine,
    ItemLine,
    ReportFinalPublished,
    ReportProjectSnapshotPublished,
)
from telemetry import metrics


def emit_project_status(work: ProjectWork, project: Project, items: Sequence[Item]) -> None:
    """Emit the event of the project's new status; the events of DONE are left to `emit_final_reports`."""
    if project.status in (ProjectStatus.OPEN, ProjectStatus.WAITING):
        work.emit_about(project, "REPORT.PROJECT_SNAPSHOT_PUBLISHED", snapshot_payload(project, items))
    elif project.status == ProjectStatus.FAILED:
        keys = [item.key for item in items if item.state == ItemState.FAILED]
        failed: ProjectFailed = {**titled_project_keys(project), "reason": project.reason, "failed_items": keys}
        work.emit_about(project, "PROJECT.FAILED", failed)
    elif project.status == ProjectStatus.CANCELLED:
        cancelled: ProjectCancelled = {
            **titled_project_keys(project),
            "reason": project.reason,
            "cancelled_by": "Interlock",
        }
        work.emit_about(project, "PROJECT.CANCELLED", cancelled)


def emit_final_reports(work: ProjectWork, finished: Mapping[UUID, Project]) -> None:
    """Emit PROJECT.COMPLETED and REPORT.FINAL_PUBLISHED for each project that this work finished; one query."""
    delivered = deliverables_of(work, finished)
    for pk, project in finished.items():
        items = project.members
        seconds = max((work.now - project.opened_at).total_seconds(), 0)
        work.note_time(metrics.PROJECT_SECONDS, seconds)
        completed: ProjectCompleted = {**titled_project_keys(project), "items": len(items), "seconds": seconds}
        work.emit_about(project, "PROJECT.COMPLETED", completed)
        work.emit_about(project, "REPORT.FINAL_PUBLISHED", final_report(project, items, delivered[pk]))


def titled_project_keys(project: Project) -> AboutTitledProject:
    """Return the part of a payload that names the project, with its title."""
    return {"project_id": str(project.pk), "title": project.title}


def snapshot_payload(project: Project, items: Sequence[Item]) -> ReportProjectSnapshotPublished:
    """Return the payload of a snapshot: the number of items in each state, and how many wait for a person."""
    states = Counter(str(item.state) for item in items)
    waiting = sum(item.state == ItemState.BLOCKED or item.held_for == Item.Held.APPROVAL for item in items)
    return {**titled_project_keys(project), "status": project.status, "items": dict(states), "open_questions": waiting}


def final_report(project: Project, items: Sequence[Item], delivered: Sequence[Deliverable]) -> ReportFinalPublished:
    """Return the payload of the final report: a summary, the items, and the current dispatches' deliverables."""
    current = {item.pk: item.current_dispatch for item in items}
    current_deliverables = [d for d in delivered if d.dispatch_id == current.get(d.item_id)]
    return {
        **titled_project_keys(project),
        "status": project.status,
        "summary": report_summary(project, items, current_deliverables),
        "items": [item_line(item) for item in items],
        "deliverables": [deliverable_line(d) for d in current_deliverables],
    }


def report_summary(project: Project, items: Sequence[Item], delivered: Sequence[Deliverable]) -> str:
    """Return how many items are done, followed by the deliverables' own summaries; at most 2000 characters."""
    done = sum(item.state == ItemState.DONE for item in items)
    summaries = [d.content["summary"] for d in delivered if isinstance(d.content.get("summary"), str)]
    return " ".join([f"{done} of {len(items)} items of “{project.title}” are done.", *summaries])[:2000]


def item_line(item: Item) -> ItemLine:
    """Return an item as the final report has it."""
    return {
        "key": item.key,
        "title": item.title,
        "agent": item.agent_target,
        "status": item.state,
        "attempts": item.attempts,
    }


def deliverable_line(deliverable: Deliverable) -> DeliverableLine:
    """Return a deliverable as the final report has it."""
    return {
        "deliverable_id": str(deliverable.pk),
        "type": deliverable.type,
        "agent": deliverable.agent,
        "confidence": deliverable.confidence,
        "headline": deliverable.headline(),
    }
