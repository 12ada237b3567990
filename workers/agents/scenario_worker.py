"""The agent that estimates which hours and costs an AI agent would save by doing the avoidable work."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from workers.agents.analysis.bootstrap import LEVEL, RESAMPLES, Kind, Sample, interval_of
from workers.agents.analysis.tally import UNKNOWN
from workers.agents.analysis.weeks import HOUR_MS
from workers.agents.cost_worker import Cost, RatedInput, cost_of
from workers.agents.figures import RowStats, confidence, monthly_value, period_in_words, rounded
from workers.agents.friction_worker import Friction, FrictionInput, friction_of
from workers.contract import AgentInput, Contradiction, Result, agent

# The grid of the sensitivity goes so far to both sides of each coefficient.
CAP_STEP = Decimal(20)
FACTOR_STEP = Decimal("0.25")
HIGHEST_FACTOR = Decimal(10)


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
    return Scenario(avoidable_percent, monthly_value(stats.minutes * part / 60, work.period), Cost(cost.monthly * part))


@agent("scenario_worker", deliverable="with_agent_scenario")
def work_out_scenario(work: ScenarioInput) -> Result:
    """Return the hours and costs recovered in a month and in a year if an agent did the avoidable work."""
    delivered, stats = delivered_percent(work), RowStats()
    friction = friction_of(work, stats, with_steps=False)
    scenario = scenario_of(stats, work, friction.avoidable_percent if delivered is None else delivered)
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
    if rounded(scenario.avoidable_percent) == rounded(friction.avoidable_percent):
        content |= range_content(friction, stats, work)
    return Result(content, evidence, confidence(stats, has_rate=True))


def range_content(friction: Friction, stats: RowStats, work: ScenarioInput) -> dict[str, Any]:
    """Return how certain the scenario is: its `interval` and its `sensitivity`, each where the rows tell it.

    Both are computed from the rows and the request's coefficients. They would not surround a percentage that another
    worker found by its own method, so they are left out then.
    """
    hours, interval = stats.hours, interval_of(sample_of(friction), float(friction.cap_percent), float(friction.factor))
    content: dict[str, Any] = {}
    if interval:
        content["interval"] = {
            "low_hours": rounded(monthly_value(exact_hours(interval.low), work.period)),
            "high_hours": rounded(monthly_value(exact_hours(interval.high), work.period)),
            "level": LEVEL,
            "resamples": RESAMPLES,
            "seed": interval.seed,
        }
    if hours and friction.avoidable_share:
        content["sensitivity"] = [line_of(stats, work, friction, *pair) for pair in grid(friction)]
    return content


def grid(friction: Friction) -> list[tuple[Decimal, Decimal]]:
    """Return pairs (cap, factor) around the coefficients: each one as it is, lower and higher, within its limits."""
    caps = {min(max(friction.cap_percent + step, Decimal()), Decimal(100)) for step in (-CAP_STEP, 0, CAP_STEP)}
    factors = {
        min(max(friction.factor + step, Decimal()), HIGHEST_FACTOR) for step in (-FACTOR_STEP, Decimal(), FACTOR_STEP)
    }
    return [(cap, factor) for cap in sorted(caps) for factor in sorted(factors)]


def line_of(stats: RowStats, work: ScenarioInput, friction: Friction, cap: Decimal, factor: Decimal) -> dict[str, Any]:
    """Return what is recovered in a month with other coefficients: one-at-a-time and joint changes (Saltelli 2008)."""
    scenario = scenario_of(stats, work, min(cap, factor * friction.avoidable_share))
    return {
        "cap_percent": float(cap),
        "factor": float(factor),
        "recovered_hours": rounded(scenario.hours),
        "recovered_monthly_cost": rounded(scenario.cost.monthly),
    }


def sample_of(friction: Friction) -> Sample:
    """Return the rows as the bootstrap draws from them: avoidable ones, and the others."""
    tally, texts = friction.tally, [text for task in friction.avoidable_tasks for text in task.texts]
    avoidable = Kind(
        sum(text.count for text in texts),
        sum(text.milliseconds for text in texts),
        sum(text.squares for text in texts),
    )
    others = Kind(
        tally.rows - avoidable.rows,
        tally.milliseconds - avoidable.milliseconds,
        tally.squares - avoidable.squares,
    )
    keys = {(text.shape, text.category) for text in texts}
    is_avoidable = [(text.shape, text.category) in keys for text in tally.texts]
    if tally.drawn is None:
        return Sample(avoidable, others, None)
    drawn = [(text != UNKNOWN and is_avoidable[text], milliseconds) for text, milliseconds in tally.drawn]
    return Sample(avoidable, others, sorted(drawn))


def exact_hours(milliseconds: Fraction) -> Decimal:
    """Return milliseconds as hours."""
    return Decimal(milliseconds.numerator) / milliseconds.denominator / HOUR_MS


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
        f"An agent could take over {figures['avoidable_percent']:.2f}% of the work: "
        f"{figures['recovered_hours']:,.2f} hours a month, worth {figures['recovered_monthly_cost']:,.2f} {code} a "
        f"month and {figures['recovered_annual_cost']:,.2f} {code} a year at {figures['hourly_rate']:,.2f} {code} an "
        f"hour, computed from {period_in_words(figures['period'])}."
    )
