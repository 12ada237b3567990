"""The agent that estimates which hours and costs an AI agent would save by doing the avoidable work."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.agents.cost_worker import Cost, RatedInput, cost_of
from workers.agents.figures import RowStats, confidence, monthly_value, period_in_words, rounded, stats_of
from workers.agents.friction_worker import FrictionInput, friction_of
from workers.contract import AgentInput, Contradiction, Result, agent


class ScenarioInput(RatedInput, FrictionInput):
    """The input: rows, a rate with its currency, and a period.

    The friction analysis, if delivered, sets the avoidable percentage.
    """


@dataclass(frozen=True)
class Scenario:
    """The hours and the cost that are recovered in a month, not rounded."""

    avoidable_percent: Decimal
    hours: Decimal
    cost: Cost


def scenario_of(stats: RowStats, work: ScenarioInput, avoidable_percent: Decimal) -> Scenario:
    """Return the scenario: recovered = avoidable percent of a month's hours, and of their cost."""
    part = avoidable_percent / 100
    cost = cost_of(stats, work.hourly_rate, work.period)
    return Scenario(avoidable_percent, monthly_value(stats.hours, work.period) * part, Cost(cost.monthly * part))


@agent("scenario_worker", deliverable="with_agent_scenario")
def work_out_scenario(work: ScenarioInput) -> Result:
    """Return the hours and costs recovered in a month and in a year if an agent did the avoidable work."""
    stats = stats_of(work.rows)
    scenario = scenario_of(stats, work, avoidable_percent(work))
    content: dict[str, Any] = {
        "avoidable_percent": rounded(scenario.avoidable_percent),
        "total_hours": rounded(stats.hours),
        "recovered_hours": rounded(scenario.hours),
        "recovered_monthly_cost": rounded(scenario.cost.monthly),
        "recovered_annual_cost": rounded(scenario.cost.annual),
        "hourly_rate": rounded(work.hourly_rate),
        "currency": work.currency,
        "period": work.period.as_json(),
    }
    content["summary"] = summary(content)
    recovered = ("recovered_hours", "recovered_monthly_cost", "recovered_annual_cost")
    headline = ("avoidable_percent", *recovered, "currency", "period")
    evidence = {
        "deliverable": "with_agent_scenario",
        "rows_read": stats.rows,
        **{key: content[key] for key in headline},
    }
    return Result(content, evidence, confidence(stats, has_rate=True))


def avoidable_percent(work: ScenarioInput) -> Decimal:
    """Return the percentage that the friction analysis delivered, else compute it from the rows the same way.

    Raises Contradiction if the delivered one is not from 0 to 100, Missing if there is none and no rows.
    """
    delivered = delivered_percent(work)
    return friction_of(work, RowStats()).avoidable_percent if delivered is None else delivered


def delivered_percent(work: AgentInput) -> Decimal | None:
    """Return the avoidable percentage of the friction analysis; None without one. Raises Contradiction if invalid."""
    delivered = work.deliverables.get("friction_analysis", {}).get("avoidable_percent")
    if delivered is None:
        return None
    if isinstance(delivered, bool) or not isinstance(delivered, int | float) or not 0 <= delivered <= 100:
        raise Contradiction(f"The friction analysis says that {delivered!r} percent are avoidable, not 0 to 100.")
    return Decimal(repr(delivered))


def summary(figures: dict[str, Any]) -> str:
    """Return the deliverable's content as one English sentence."""
    code = figures["currency"]
    return (
        f"An agent could take over {figures['avoidable_percent']:.2f} % of the work: "
        f"{figures['recovered_hours']:,.2f} hours a month, worth {figures['recovered_monthly_cost']:,.2f} {code} a "
        f"month and {figures['recovered_annual_cost']:,.2f} {code} a year at {figures['hourly_rate']:,.2f} {code} an "
        f"hour, computed from {period_in_words(figures['period'])}."
    )
