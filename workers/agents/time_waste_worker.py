"""The agent that sums up minutes and hours: in total, for each category, week, weekday and hour of the day."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from intake.spreadsheets.rows import Rows
from workers.agents.analysis.concentration import concentration
from workers.agents.analysis.weeks import WeekFacts, weeks_content
from workers.agents.figures import RowStats, confidence, percent_of, require_rows, rounded
from workers.contract import AgentInput, Result, agent


@dataclass(frozen=True)
class TimeFacts:
    """What the time analysis is made from."""

    stats: RowStats
    weeks: WeekFacts


def time_facts_of(rows: Rows) -> TimeFacts:
    """Return the facts, counted in one pass over the rows, or by columns. Raises Missing if there are no rows."""
    facts = TimeFacts(RowStats(), WeekFacts())
    counted = facts.weeks.counting(facts.stats.counting(require_rows(rows)))
    if counted is not rows:
        for _ in counted:
            pass
    return facts


@agent("time_waste_worker", deliverable="time_waste_analysis")
def analyse_time(work: AgentInput) -> Result:
    """Return the time analysis: total minutes and hours, each category's part, and when the time was spent."""
    facts = time_facts_of(work.rows)
    stats, content = facts.stats, content_of(facts)
    if work.period is not None:
        content["period"] = work.period.as_json()
    evidence = {
        "deliverable": "time_waste_analysis",
        "rows_read": stats.rows,
        "total_minutes": content["total_minutes"],
        "total_hours": content["total_hours"],
    }
    return Result(content, evidence, confidence(stats, has_rate=work.hourly_rate is not None))


def content_of(facts: TimeFacts) -> dict[str, Any]:
    """Return the deliverable's content, the categories with the most time first."""
    stats = facts.stats
    content = {
        "total_minutes": rounded(stats.minutes),
        "total_hours": rounded(stats.hours),
        "rows": stats.rows,
        "rows_without_estimate": stats.without_estimate,
        "breakdown": breakdown(stats),
        **weeks_content(facts.weeks),
    }
    concentrated = concentration(stats.by_category)
    return content | ({"concentration": concentrated} if concentrated else {})


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
