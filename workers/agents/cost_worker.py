"""The agent that computes what the work costs in a month and in a year."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.agents.figures import RowStats, confidence, monthly_value, period_in_words, rounded, stats_of
from workers.contract import AgentInput, Currency, HourlyRate, Period, Result, agent


class RatedInput(AgentInput):
    """The input of an agent that cannot work without a valid hourly rate, its currency, and the rows' period."""

    hourly_rate: HourlyRate
    currency: Currency
    period: Period


@dataclass(frozen=True)
class Cost:
    """A cost in the currency of the hourly rate, not rounded: annual = 12 × monthly."""

    monthly: Decimal

    @property
    def annual(self) -> Decimal:
        return self.monthly * 12


def cost_of(stats: RowStats, rate: Decimal, period: Period) -> Cost:
    """Return the cost: hours × rate × (month ÷ period length)."""
    # The division comes last: it is the only step that is not exact, and half a cent may depend on it.
    return Cost(monthly_value(stats.minutes * rate / 60, period))


@agent("cost_worker", deliverable="cost_analysis")
def analyse_cost(work: RatedInput) -> Result:
    """Return the cost analysis: monthly and annual cost of the rows' hours at the given rate."""
    stats = stats_of(work.rows)
    cost = cost_of(stats, work.hourly_rate, work.period)
    content: dict[str, Any] = {
        "total_hours": rounded(stats.hours),
        "hourly_rate": rounded(work.hourly_rate),
        "monthly_cost": rounded(cost.monthly),
        "annual_cost": rounded(cost.annual),
        "currency": work.currency,
        "period": work.period.as_json(),
    }
    content["summary"] = summary(content)
    headline = ("total_hours", "monthly_cost", "annual_cost", "currency", "period")
    evidence = {"deliverable": "cost_analysis", "rows_read": stats.rows, **{key: content[key] for key in headline}}
    return Result(content, evidence, confidence(stats, has_rate=True))


def summary(figures: dict[str, Any]) -> str:
    """Return the deliverable's content as one English sentence."""
    code = figures["currency"]
    return (
        f"The work costs {figures['monthly_cost']:,.2f} {code} a month and {figures['annual_cost']:,.2f} {code} a year "
        f"at {figures['hourly_rate']:,.2f} {code} an hour, computed from {period_in_words(figures['period'])}."
    )
