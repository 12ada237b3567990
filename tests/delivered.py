"""What workers deliver for a project: rows, and every deliverable that Interlock's own agents make of them."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django.utils import timezone

from backlog.models import Deliverable, Project, WorkContext
from workers.agents import AGENTS

ROWS: list[dict[str, Any]] = [
    {"text": "Check invoice 4711", "category": "Payables", "estimated_minutes": 40},
    {"text": "check Invoice #4712!", "category": "Payables", "estimated_minutes": 80},
    {"text": "=1+1", "category": "<b>Closing</b>", "estimated_minutes": 60},
    {"text": "Call the bank", "category": "", "estimated_minutes": None},
]
WORKERS = (
    "requirements_manager",
    "dev_worker",
    "time_waste_worker",
    "cost_worker",
    "friction_worker",
    "scenario_worker",
    "test_worker",
)
# What the analyses deliver beside the figures that every version delivers.
TIME_EXTRA: dict[str, Any] = {
    "by_week": [
        {"week": "2026-W03", "first": "2026-01-12", "hours": 1.0},
        {"week": "2026-W04", "first": "2026-01-19", "hours": 2.0},
    ],
    "by_weekday": [
        {"weekday": 1, "hour": 9, "hours": 2.0},
        {"weekday": 3, "hour": 14, "hours": 1.0},
    ],
    "concentration": {"top_three_percent": 92.5, "herfindahl": 0.5},
}
FRICTION_EXTRA: dict[str, Any] = {
    "fragmentation": {
        "short_rows": 7,
        "short_percent": 12.0,
        "short_minutes": 30,
        "switches": 12,
        "switches_per_hour": 4.0,
    },
    "meetings": {"rows": 2, "minutes": 150, "percent": 83.3},
    "rework": {"cases": 40, "cases_with_rework": 10, "percent": 25.0, "returns": 13},
    "waiting": {
        "steps": 90,
        "median_minutes": 120,
        "p90_minutes": 2880,
        "longest": [{"from": "Check", "to": "Approve", "median_minutes": 900, "count": 12}],
    },
}
SCENARIO_EXTRA: dict[str, Any] = {
    "interval": {"low_hours": 1.2, "high_hours": 2.1, "level": 0.95, "resamples": 1000, "seed": 1},
    "sensitivity": [
        {"cap_percent": 40, "factor": 1.0, "recovered_hours": 1.2, "recovered_monthly_cost": 54.0},
        {"cap_percent": 60, "factor": 1.5, "recovered_hours": 1.8, "recovered_monthly_cost": 81.0},
    ],
}
VERDICTS = {"category": "Payables", "people": 2, "automatable": True, "why": "rule_based"}


def deliver(project: Project, kind: str, content: dict[str, Any]) -> Deliverable:
    """A deliverable of the project's first item."""
    item = project.items.order_by("position")[0]
    known = {"project": project, "item": item, "timestamp": timezone.now(), "recorded_at": timezone.now()}
    return Deliverable.objects.create(id=uuid4(), type=kind, content=content, confidence=0.8, agent="worker", **known)


def contents(rows: list[dict[str, Any]] = ROWS, **more: Any) -> dict[str, dict[str, Any]]:
    """What all our own workers make of the rows, by type of deliverable."""
    known = {"hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}}
    context: dict[str, Any] = {"rows": rows, "request_text": "Find waste. It must be cheap.", **known, **more}
    context["deliverables"] = {}
    for name in WORKERS:
        content = AGENTS[name].run(AGENTS[name].input_model.model_validate(context)).content
        context["deliverables"][AGENTS[name].deliverable] = content
    return dict(context["deliverables"])


def older_contents() -> dict[str, dict[str, Any]]:
    """The same with nothing but what the analyses have delivered from the beginning."""
    newer = (
        "by_week",
        "by_weekday",
        "concentration",
        "fragmentation",
        "meetings",
        "rework",
        "waiting",
        "interval",
        "currency",
    )
    found = {
        kind: {key: value for key, value in content.items() if key not in (*newer, "sensitivity", "period")}
        for kind, content in contents().items()
    }
    known = ("fingerprint", "count", "sample_text", "minutes")
    clusters = found["friction_analysis"]["clusters"]
    found["friction_analysis"]["clusters"] = [{key: cluster[key] for key in known} for cluster in clusters]
    return found


def full_contents() -> dict[str, dict[str, Any]]:
    """The same with everything that an analysis may deliver."""
    found = contents()
    found["time_waste_analysis"] |= TIME_EXTRA
    found["friction_analysis"] |= FRICTION_EXTRA
    found["friction_analysis"]["clusters"] = [{**c, **VERDICTS} for c in found["friction_analysis"]["clusters"]]
    found["with_agent_scenario"] |= SCENARIO_EXTRA
    return found


def deliver_all(project: Project, found: Mapping[str, dict[str, Any]] | None = None) -> dict[str, Deliverable]:
    """These contents, by default what our workers make of four rows, delivered for the project."""
    return {kind: deliver(project, kind, content) for kind, content in (found or contents()).items()}


def know(project: Project, **fields: Any) -> None:
    """These fields in the project's work context, as rita gave them with her request."""
    context = WorkContext.objects.get(project=project)
    context.data |= fields
    given = {"by": "rita", "door": "request", "at": "2026-03-03T09:00:00+00:00"}
    context.provenance |= dict.fromkeys(fields, given)
    context.save()
