"""Return the result of a project as plain data, for `--json` and for reports at the terminal."""

from collections import Counter
from typing import Any

from backlog.models import Item, Project
from backlog.selectors import latest_deliverables, project_events
from clarifications.models import Question
from events.models import DeadLetter


def project_outcome(project: Project) -> dict[str, Any]:
    """Return the project's items, questions, deliverables and counts; `dead_letters` counts those of all projects."""
    return {
        "project_id": str(project.pk),
        "status": str(project.status),
        "items": [item_as_data(item) for item in project.items.order_by("position")],
        "questions": questions_with_answers(project),
        "deliverables": {kind: d.content for kind, d in latest_deliverables(project.pk).items()},
        "rows_read": project.intake.get("rows_read", 0),
        "row_warnings": project.intake.get("row_warnings", 0),
        "archived": project.is_archived,
        "events": dict(Counter(project_events(project.pk).values_list("type", flat=True))),
        "dead_letters": DeadLetter.objects.filter(state=DeadLetter.State.OPEN).count(),
    }


def item_as_data(item: Item) -> dict[str, Any]:
    """Return one item as plain data."""
    return {"key": item.key, "agent": item.agent_target, "status": str(item.state), "attempts": item.attempts}


def questions_with_answers(project: Project) -> list[dict[str, Any]]:
    """Return the project's questions, oldest first, with the number of items that each blocked and its answer."""
    rows = Question.objects.filter(project=project).select_related("answer").prefetch_related("blockings")
    return [
        {
            "field": question.field,
            "status": str(question.status),
            "blocked_items": len(question.blockings.all()),
            "answer": question.answer.value if hasattr(question, "answer") else None,
        }
        for question in rows.order_by("asked_at")
    ]
