"""What a report is built from: a project, its work context with the provenance, and its current deliverables."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from backlog.admin.project_page import shown_data
from backlog.models import Deliverable, Project, WorkContext
from backlog.selectors import is_withheld, latest_deliverables
from reports.contents import Content, as_object, number_at, text_at

TIME, COST, FRICTION, SCENARIO = "time_waste_analysis", "cost_analysis", "friction_analysis", "with_agent_scenario"
EXECUTIVE, TASK_NAMES, ROW_CATEGORIES = "executive_summary", "task_names", "row_categories"
# Why nothing is shown of what a model wrote for an item whose approval is open.
NOT_APPROVED = "not_approved"
# How many periods of a type a month has: 12 months are 4 quarters, 52 weeks or 260 working days.
PERIODS_A_MONTH = {"day": 260 / 12, "week": 52 / 12, "month": 1.0, "quarter": 1 / 3, "year": 1 / 12}
# A factor that was computed from rounded figures stands for the exact one that is this near.
NEAR = 0.005


@dataclass(frozen=True)
class Sources:
    """A project with the newest deliverable of each type; `data` is its work context with the rows that are used."""

    project: Project
    data: Mapping[str, Any]
    provenance: Mapping[str, Mapping[str, Any]]
    deliverables: Mapping[str, Deliverable]

    @classmethod
    def of(cls, project: Project, *, until: datetime | None = None) -> "Sources":
        """Return the sources of the project's report, in two queries; of what was delivered `until` then."""
        context = WorkContext.objects.filter(pk=project.pk).first() or WorkContext(project=project)
        return cls(project, shown_data(context.data), context.provenance, delivered(project, until))

    @cached_property
    def contents(self) -> dict[str, Content]:
        """The contents of the deliverables by type."""
        return {kind: shown_content(deliverable) for kind, deliverable in self.deliverables.items()}

    def content(self, kind: str) -> Content:
        """Return the content of the deliverable of this type; empty if there is none."""
        return self.contents.get(kind, {})

    def number(self, kind: str, *keys: str) -> float | None:
        """Return the number at this path of the deliverable of this type; None if there is none."""
        return number_at(self.content(kind), *keys)

    @cached_property
    def currency(self) -> str:
        """The currency of every amount, as its ISO 4217 code; empty if nobody said it."""
        return next(
            (code for part in (self.data, *map(self.content, (COST, SCENARIO))) if (code := currency_in(part))), ""
        )

    @cached_property
    def rate(self) -> float | None:
        """The hourly rate that the amounts were computed with."""
        rates = (
            self.number(COST, "hourly_rate"),
            self.number(SCENARIO, "hourly_rate"),
            number_at(self.data, "hourly_rate"),
        )
        return next((rate for rate in rates if rate is not None), None)

    @cached_property
    def hours(self) -> float | None:
        """The hours of all rows, in the period of the data."""
        minutes = self.number(TIME, "total_minutes")
        if minutes is not None:
            return minutes / 60
        totals = (self.number(kind, "total_hours") for kind in (TIME, COST, SCENARIO))
        return next((total for total in totals if total is not None), None)

    @cached_property
    def periods_a_month(self) -> float | None:
        """How many periods of the data a month has, by the figures of the cost analysis; None without them."""
        monthly, rate, hours = self.number(COST, "monthly_cost"), self.rate, self.hours
        if monthly is None or not rate or not hours:
            return None
        found = monthly / (rate * hours)
        return next((exact for exact in PERIODS_A_MONTH.values() if abs(found - exact) <= NEAR * exact), found)

    def monthly(self, value: float | None) -> float | None:
        """Return a value of the period as a value of a month; None if it is not known how long the period is."""
        return None if value is None or self.periods_a_month is None else value * self.periods_a_month

    def monthly_money(self, hours: float | None) -> float | None:
        """Return what these hours of the period cost in a month; None without a rate or the period's length."""
        monthly = self.monthly(hours)
        return None if monthly is None or self.rate is None else monthly * self.rate


def shown_content(deliverable: Deliverable) -> Content:
    """Return the content of a deliverable; of what a model wrote and nobody approved yet, only that, and its cost."""
    content = as_object(deliverable.content)
    if not is_withheld(deliverable):
        return content
    kept = {key: content[key] for key in ("calls", "cost_usd", "is_estimate", "masked") if key in content}
    return {"written_by": "nobody", "reason": NOT_APPROVED, **kept}


def currency_in(part: Content) -> str:
    """Return the currency that the object names; empty if it names none, or something that is no currency's code."""
    code = text_at(part, "currency").upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""


def delivered(project: Project, until: datetime | None) -> dict[str, Deliverable]:
    """Return the newest deliverable of each type; with `until`, the newest of those that were recorded before."""
    if until is None:
        return latest_deliverables(project.pk)
    earlier = Deliverable.objects.filter(project=project, recorded_at__lt=until).select_related("item")
    return {deliverable.type: deliverable for deliverable in earlier.order_by("recorded_at", "timestamp")}
