"""The agent that finds recurring tasks and estimates which share of the work could be avoided."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from workers.agents.figures import RowStats, confidence, percent_of, require_rows, rounded
from workers.agents.recurrence import Recurrence, Task, recurrence_of
from workers.contract import AgentInput, Result, agent

MOST_CLUSTERS_SHOWN = 50
LONGEST_TEXT_SHOWN = 200

Percent = Annotated[Decimal, Field(ge=0, le=100)]


class FrictionInput(AgentInput):
    """The input; the template sets the two coefficients, and the result states them."""

    friction_cap_percent: Percent = Field(Decimal(60), title="Most that can be avoided, in percent")
    friction_factor: Annotated[Decimal, Field(ge=0, le=10)] = Field(
        Decimal("1.25"), title="Avoidable share a recurring share"
    )


@dataclass(frozen=True)
class Friction:
    """The recurring tasks and the two coefficients. All percentages are from 0 to 100 and not rounded."""

    recurrence: Recurrence
    cap_percent: Decimal
    factor: Decimal

    @property
    def recurring_share(self) -> Decimal:
        """Return the recurring rows in percent of all rows."""
        return percent_of(self.recurrence.recurring_rows, self.recurrence.total_rows)

    @property
    def avoidable_percent(self) -> Decimal:
        """Return the avoidable percentage: min(cap, factor × recurring share)."""
        return min(self.cap_percent, self.factor * self.recurring_share)


def friction_of(work: FrictionInput, stats: RowStats) -> Friction:
    """Return the friction in the rows, and add the rows to `stats` in the same pass. Raises Missing without rows."""
    recurrence = recurrence_of(stats.counting(require_rows(work.rows)))
    return Friction(recurrence, work.friction_cap_percent, work.friction_factor)


@agent("friction_worker", deliverable="friction_analysis")
def analyse_friction(work: FrictionInput) -> Result:
    """Return clusters of recurring tasks, their share of the rows, and the avoidable percentage with coefficients."""
    stats = RowStats()
    friction = friction_of(work, stats)
    content = content_of(friction)
    headline = ("recurring_count", "recurring_share", "avoidable_percent", "cluster_count")
    evidence = {"deliverable": "friction_analysis", "rows_read": stats.rows, **{key: content[key] for key in headline}}
    return Result(content, evidence, confidence(stats, has_rate=work.hourly_rate is not None))


def content_of(friction: Friction) -> dict[str, Any]:
    """Return the deliverable's content; all shares are percentages from 0 to 100."""
    recurrence = friction.recurrence
    return {
        "total_rows": recurrence.total_rows,
        "recurring_count": recurrence.recurring_rows,
        "recurring_share": rounded(friction.recurring_share),
        "avoidable_percent": rounded(friction.avoidable_percent),
        "coefficients": {"cap_percent": float(friction.cap_percent), "factor": float(friction.factor)},
        "cluster_count": len(recurrence.tasks),
        "clusters": [cluster(task) for task in recurrence.tasks[:MOST_CLUSTERS_SHOWN]],
    }


def cluster(task: Task) -> dict[str, Any]:
    """Return one recurring task as a cluster of the deliverable."""
    return {
        "fingerprint": task.fingerprint[:LONGEST_TEXT_SHOWN],
        "count": task.count,
        "sample_text": task.sample_text[:LONGEST_TEXT_SHOWN],
        "minutes": rounded(task.minutes),
    }
