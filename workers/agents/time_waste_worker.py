"""Where the time goes: minutes and hours, in all and per category."""

from decimal import Decimal
from typing import Any

from workers.agents.figures import RowStats, confidence, rounded, share, stats_of
from workers.contract import AgentInput, Result, agent


@agent("time_waste_worker", deliverable="time_waste_analysis")
def analyse_time(work: AgentInput) -> Result:
    """Total minutes and hours of the rows, and what each category takes of them, the largest first."""
    stats = stats_of(work.rows)
    content = {
        "total_minutes": rounded(stats.minutes),
        "total_hours": rounded(stats.hours),
        "rows": stats.rows,
        "rows_without_estimate": stats.without_estimate,
        "breakdown": breakdown(stats),
    }
    evidence = {
        "deliverable": "time_waste_analysis",
        "rows_read": stats.rows,
        "total_minutes": content["total_minutes"],
        "total_hours": content["total_hours"],
    }
    return Result(content, evidence, confidence(stats, has_rate=work.hourly_rate is not None))


def breakdown(stats: RowStats) -> list[dict[str, Any]]:
    """One line a category: its minutes, its hours, and its share of all minutes in percent."""
    largest_first = sorted(stats.by_category.items(), key=lambda entry: (-entry[1], entry[0]))
    return [line(category, minutes, stats.minutes) for category, minutes in largest_first]


def line(category: str, minutes: Decimal, total: Decimal) -> dict[str, Any]:
    """A category's part of the total."""
    return {
        "category": category,
        "minutes": rounded(minutes),
        "hours": rounded(minutes / 60),
        "share_percent": rounded(share(minutes, total)),
    }
