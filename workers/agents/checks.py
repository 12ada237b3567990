"""Checks of what others delivered: each says what was expected, what was found, and whether they agree."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workers.agents.cost_worker import cost_of
from workers.agents.figures import UNCATEGORISED, RowStats, a_month, rounded, share
from workers.agents.friction_worker import MOST_CLUSTERS_SHOWN, Friction
from workers.agents.requirements_manager import REVIEW
from workers.contract import Period

CENT = Decimal("0.01")
# What rounding a figure to two decimals may do to it, with a little room for binary fractions.
HALF_A_CENT = Decimal("0.0051")
LONGEST_ACTUAL = 200

Content = Mapping[str, Any]
Check = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What the rows and the request say, computed again."""

    stats: RowStats
    friction: Friction
    avoidable_percent: Decimal
    rate: Decimal | None
    period: Period
    request_text: str
    deliverables: Mapping[str, Content]


def figure(name: str, content: Content, expected: Decimal, tolerance: Decimal = CENT) -> Check:
    """Whether the figure at the end of the dotted name is what is expected, give or take the rounding."""
    actual = content.get(name.rsplit(".", 1)[-1])
    if isinstance(actual, bool) or not isinstance(actual, int | float):
        return check(name, rounded(expected), actual, passed=False, detail="There is no such figure.")
    off = abs(Decimal(repr(actual)) - expected)
    detail = "" if off <= tolerance else f"It is off by {float(off):.10g}."
    return check(name, rounded(expected), actual, passed=off <= tolerance, detail=detail)


def check(name: str, expected: Any, actual: Any, *, passed: bool, detail: str = "") -> Check:
    """One line of the report."""
    shown = actual if isinstance(actual, bool | int | float | None) else str(actual)[:LONGEST_ACTUAL]
    return {"name": name, "expected": expected, "actual": shown, "passed": passed, "detail": detail}


def entries(content: Content, key: str) -> list[Content]:
    """The objects of a list in the content; none if it is not there."""
    listed = content.get(key)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


# -- analyses --------------------------------------------------------------------------------------
def check_time(content: Content, facts: Facts) -> Iterator[Check]:
    """Totals and each category, against the rows."""
    stats = facts.stats
    yield figure("time_waste_analysis.total_minutes", content, stats.minutes)
    yield figure("time_waste_analysis.total_hours", content, stats.hours)
    named = entries(content, "breakdown")
    count = len(stats.by_category)
    yield check("time_waste_analysis.breakdown", count, len(named), passed=len(named) == count)
    for entry in named:
        name = f"time_waste_analysis.breakdown[{entry.get('category')}]"
        # A name that no row carries can only mean the rows without a category.
        minutes = stats.by_category.get(str(entry.get("category")), stats.by_category.get(UNCATEGORISED, Decimal()))
        yield figure(f"{name}.minutes", entry, minutes)
        yield figure(f"{name}.hours", entry, minutes / 60)
        yield figure(f"{name}.share_percent", entry, share(minutes, stats.minutes))


def check_cost(content: Content, facts: Facts) -> Iterator[Check]:
    """Hours, rate and cost, against the rows and the rate."""
    yield figure("cost_analysis.total_hours", content, facts.stats.hours)
    if facts.rate is None:
        said = content.get("hourly_rate")
        yield check("cost_analysis.hourly_rate", None, said, passed=False, detail="The request holds no valid rate.")
        return
    cost, slack = cost_of(facts.stats, facts.rate, facts.period), slack_of(facts)
    yield figure("cost_analysis.hourly_rate", content, facts.rate)
    yield figure("cost_analysis.monthly_cost", content, cost.monthly, slack)
    yield figure("cost_analysis.annual_cost", content, cost.annual, slack * 12)


def slack_of(facts: Facts) -> Decimal:
    """How far a month's cost may be off when its hours were rounded to two decimals before."""
    return CENT + a_month(HALF_A_CENT * (facts.rate or 0), facts.period)


def check_friction(content: Content, facts: Facts) -> Iterator[Check]:
    """Recurring rows against the rows, and what follows from them against their number."""
    friction, count = facts.friction, content.get("recurring_count")
    total = friction.recurrence.total_rows
    yield figure("friction_analysis.total_rows", content, Decimal(total))
    yield check_recurring(content, friction)
    recurring = share(count, total) if isinstance(count, int) else friction.recurring_share
    said = content.get("recurring_share")
    is_fraction = isinstance(said, int | float) and said <= 1 < recurring
    yield figure("friction_analysis.recurring_share", content, recurring / 100 if is_fraction else recurring)
    yield check_avoidable(content, friction, recurring)
    yield check_clusters(content)


def check_avoidable(content: Content, friction: Friction, recurring: Decimal) -> Check:
    """min(cap, factor × recurring share), with the coefficients that the deliverable states, else the request's.

    Other coefficients are another judgement and no wrong figure; the report names them.
    """
    stated = {key: stated_coefficient(content, key, most) for key, most in (("cap_percent", 100), ("factor", 10))}
    cap = friction.cap_percent if stated["cap_percent"] is None else stated["cap_percent"]
    factor = friction.factor if stated["factor"] is None else stated["factor"]
    found = figure("friction_analysis.avoidable_percent", content, min(cap, factor * recurring))
    if (cap, factor) != (friction.cap_percent, friction.factor):
        words = f"With the coefficients it states: at most {float(cap):g} percent, factor {float(factor):g}."
        found["detail"] = f"{found['detail']} {words}".strip()
    return found


def stated_coefficient(content: Content, key: str, most: int) -> Decimal | None:
    """The coefficient that the content states; None where it states none that could be one."""
    coefficients = content.get("coefficients")
    value = coefficients.get(key) if isinstance(coefficients, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return Decimal(repr(value))


def check_recurring(content: Content, friction: Friction) -> Check:
    """At least the rows that share their very text recur, at most those whose texts are nearly the same.

    How near is near is each worker's own choice; ours is the widest.
    """
    least, most = friction.recurrence.repeated_rows, friction.recurrence.recurring_rows
    count = content.get("recurring_count")
    passed = isinstance(count, int) and least <= count <= most
    return check("friction_analysis.recurring_count", f"{least} to {most}", count, passed=passed)


def check_clusters(content: Content) -> Check:
    """The clusters together hold the recurring rows; a list that may have been cut holds no more than those."""
    clusters, recurring = entries(content, "clusters"), content.get("recurring_count")
    counted = sum(entry["count"] for entry in clusters if isinstance(entry.get("count"), int))
    number = content.get("cluster_count")
    is_whole = isinstance(number, int) and number <= MOST_CLUSTERS_SHOWN
    fits = isinstance(recurring, int) and (counted == recurring or (0 < counted < recurring and not is_whole))
    return check("friction_analysis.clusters", recurring, counted, passed=fits)


def check_scenario(content: Content, facts: Facts) -> Iterator[Check]:
    """What is recovered, against the rows, the rate and the avoidable percentage."""
    part = facts.avoidable_percent / 100
    hours = a_month(facts.stats.hours, facts.period) * part
    yield figure("with_agent_scenario.avoidable_percent", content, facts.avoidable_percent)
    yield figure("with_agent_scenario.recovered_hours", content, hours, CENT + hours_slack(facts))
    if facts.rate is not None:
        cost = cost_of(facts.stats, facts.rate, facts.period)
        slack = slack_of(facts) + hours_slack(facts) * facts.rate
        yield figure("with_agent_scenario.recovered_monthly_cost", content, cost.monthly * part, slack)
        if "recovered_annual_cost" in content:
            yield figure("with_agent_scenario.recovered_annual_cost", content, cost.annual * part, slack * 12)


def hours_slack(facts: Facts) -> Decimal:
    """How far a month's recovered hours may be off when the percentage was rounded before."""
    return a_month(facts.stats.hours, facts.period) * HALF_A_CENT / 100


# -- requirements ----------------------------------------------------------------------------------
def check_requirements(content: Content, facts: Facts) -> Iterator[Check]:
    """Each requirement's sentence stands in the request."""
    request = " ".join(facts.request_text.split())
    for entry in entries(content, "requirements"):
        sentence = " ".join(str(entry.get("source_sentence", "")).split()).removesuffix("…")
        if sentence and entry.get("source") != REVIEW:
            name = f"requirements_analysis.requirements[{entry.get('number')}]"
            detail = "" if sentence in request else "The request has no such sentence."
            yield check(name, "in the request", sentence, passed=not detail, detail=detail)


def check_coverage(content: Content, facts: Facts) -> Iterator[Check]:
    """Each requirement is covered by some artifact."""
    covered = {number for artifact in entries(content, "artifacts") for number in numbers_of(artifact)}
    for entry in entries(facts.deliverables.get("requirements_analysis", {}), "requirements"):
        number = entry.get("number")
        detail = "" if number in covered else "No artifact names this requirement."
        yield check(f"development_output.covers[{number}]", True, number in covered, passed=not detail, detail=detail)


def numbers_of(artifact: Content) -> list[int]:
    """The requirements that the artifact says it covers."""
    numbers = artifact.get("requirement_numbers")
    return [number for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []


CHECKS: Mapping[str, Callable[[Content, Facts], Iterator[Check]]] = {
    "requirements_analysis": check_requirements,
    "development_output": check_coverage,
    "time_waste_analysis": check_time,
    "cost_analysis": check_cost,
    "friction_analysis": check_friction,
    "with_agent_scenario": check_scenario,
}
