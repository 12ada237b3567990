"""The agent that sums up minutes and hours, in total and for each category."""

from decimal import Decimal
from typing import Any

from workers.agents.figures import RowStats, confidence, percent_of, rounded, stats_of
from workers.contract import AgentInput, Result, agent


@agent("time_waste_worker", deliverable="time_waste_analysis")
def analyse_time(work: AgentInput) -> Result:
    """Return the time analysis: total minutes and hours, and each category's part, the largest first."""
    stats = stats_of(work.rows)
    content = {
        "total_minutes": rounded(stats.minutes),
        "total_hours": rounded(stats.hours),
        "rows": stats.rows,
        "rows_without_estimate": stats.without_estimate,
        "breakdown": breakdown(stats),
    }
    if work.period is not None:
        content["period"] = work.period.as_json()
    evidence = {
        "deliverable": "time_waste_analysis",
        "rows_read": stats.rows,
        "total_minutes": content["total_minutes"],
        "total_hours": content["total_hours"],
    }
    return Result(content, evidence, confidence(stats, has_rate=work.hourly_rate is not None))


def breakdown(stats: RowStats) -> list[dict[str, Any]]:
    """Return one line for each category, the largest first."""
    largest_first = sorted(stats.by_category.items(), key=lambda entry: (-entry[1], entry[0]))
    return [line(category, minutes, stats.minutes) for category, minutes in largest_first]


def line(category: str, minutes: Decimal, total: Decimal) -> dict[str, Any]:
    """Return a category's minutes, its hours, and its share of the total minutes in percent."""
    return {
        "category": category,
        "minutes": rounded(minutes),
        "hours": rounded(minutes / 60),
        "share_percent": rounded(percent_of(minutes, total)),
    }
