"""Checks of other agents' deliverables. A check holds the expected value, the actual value, and if the two agree."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from workers.agents.checking import CENT, Check, Content, Facts, check, entries_of, figure
from workers.agents.cost_worker import cost_of
from workers.agents.figures import UNCATEGORISED, RowStats, monthly_value, percent_of
from workers.agents.friction_worker import MOST_CLUSTERS_SHOWN, Friction
from workers.agents.optional_checks import (
    checks_of_cases,
    checks_of_concentration,
    checks_of_fragmentation,
    checks_of_range,
    checks_of_sensitivity,
    checks_of_weeks,
)
from workers.agents.requirements_manager import REVIEW
from workers.contract import Period

# The largest error of rounding to two decimals, plus a little for the inexactness of binary fractions.
HALF_A_CENT = Decimal("0.0051")


# -- analyses --------------------------------------------------------------------------------------
def check_time(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield checks of the time analysis: its totals and each category against the rows."""
    stats = facts.stats
    yield figure("time_waste_analysis.total_minutes", content, stats.minutes)
    yield figure("time_waste_analysis.total_hours", content, stats.hours)
    categories = entries_of(content, "breakdown")
    count = len(stats.by_category)
    yield check("time_waste_analysis.breakdown", count, len(categories), passed=len(categories) == count)
    for entry in categories:
        name = f"time_waste_analysis.breakdown[{entry.get('category')}]"
        # A category that no row has can only be another worker's name for the rows without a category.
        minutes = stats.by_category.get(str(entry.get("category")), stats.by_category.get(UNCATEGORISED, Decimal()))
        yield figure(f"{name}.minutes", entry, minutes)
        yield figure(f"{name}.hours", entry, minutes / 60)
        yield figure(f"{name}.share_percent", entry, percent_of(minutes, stats.minutes))
    yield from checks_of_weeks(content, facts.recount)
    yield from checks_of_concentration(content, stats)


def check_cost(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield checks of the cost analysis: hours and costs against the rows and the request's rate."""
    yield figure("cost_analysis.total_hours", content, facts.stats.hours)
    if facts.rate is None:
        actual = content.get("hourly_rate")
        yield check("cost_analysis.hourly_rate", None, actual, passed=False, detail="The request holds no valid rate.")
        return
    yield figure("cost_analysis.hourly_rate", content, facts.rate)
    yield from check_currency("cost_analysis", content, facts)
    if facts.period is None:
        yield no_period("cost_analysis", content)
        return
    cost, slack = cost_of(facts.stats, facts.rate, facts.period), slack_of(facts.rate, facts.period)
    yield figure("cost_analysis.monthly_cost", content, cost.monthly, slack)
    yield figure("cost_analysis.annual_cost", content, cost.annual, slack * 12)


def check_currency(kind: str, content: Content, facts: Facts) -> Iterator[Check]:
    """Yield the check that a deliverable which names a currency names the request's."""
    if "currency" in content:
        actual = content["currency"]
        yield check(f"{kind}.currency", facts.currency, actual, passed=actual == facts.currency)


def no_period(kind: str, content: Content) -> Check:
    """Return the failed check of figures for a month that were computed although nobody said the rows' period."""
    detail = "The request holds no valid period, so that nothing can be said about a month."
    return check(f"{kind}.period", None, content.get("period"), passed=False, detail=detail)


def slack_of(rate: Decimal, period: Period) -> Decimal:
    """Return the tolerance for a month's cost, for a worker that rounded the hours to two decimals first."""
    return CENT + monthly_value(HALF_A_CENT * rate, period)


def check_friction(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield checks of the friction analysis: recurring rows against the rows, shares against the stated count."""
    friction, count = facts.friction, content.get("recurring_count")
    total = friction.recurrence.total_rows
    yield figure("friction_analysis.total_rows", content, Decimal(total))
    yield check_recurring(content, friction)
    recurring = percent_of(count, total) if isinstance(count, int) else friction.recurring_share
    stated_share = content.get("recurring_share")
    # A worker may state the share as a fraction from 0 to 1 and not in percent.
    is_fraction = isinstance(stated_share, int | float) and stated_share <= 1 < recurring
    yield figure("friction_analysis.recurring_share", content, recurring / 100 if is_fraction else recurring)
    yield from check_avoidable(content, friction, recurring)
    yield check_clusters(content)
    yield from checks_of_fragmentation(content, facts)
    yield from checks_of_cases(content, facts)


def check_avoidable(content: Content, friction: Friction, recurring: Decimal) -> Iterator[Check]:
    """Yield the check that avoidable percent = min(cap, factor × recurring share).

    A worker that states the recurring rows without meetings has to take their share, and that number is checked too.
    The coefficients are those that the deliverable states, else the request's. Coefficients that differ from the
    request's are a judgement, not an error: the check's detail names them.
    """
    if "recurring_without_meetings" in content:
        rows = Decimal(friction.recurrence.recurring_rows - friction.recurring_meetings)
        yield figure("friction_analysis.recurring_without_meetings", content, rows)
        recurring = friction.avoidable_share
    stated = {key: stated_coefficient(content, key, most) for key, most in (("cap_percent", 100), ("factor", 10))}
    cap = friction.cap_percent if stated["cap_percent"] is None else stated["cap_percent"]
    factor = friction.factor if stated["factor"] is None else stated["factor"]
    result = figure("friction_analysis.avoidable_percent", content, min(cap, factor * recurring))
    if (cap, factor) != (friction.cap_percent, friction.factor):
        words = f"With the coefficients it states: at most {float(cap):g} percent, factor {float(factor):g}."
        result["detail"] = f"{result['detail']} {words}".strip()
    yield result


def stated_coefficient(content: Content, key: str, most: int) -> Decimal | None:
    """Return the coefficient that the content states; None if there is none or it is not a number from 0 to `most`."""
    coefficients = content.get("coefficients")
    value = coefficients.get(key) if isinstance(coefficients, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return Decimal(repr(value))


def check_recurring(content: Content, friction: Friction) -> Check:
    """Return the check that the recurring count lies between the rows with equal and the rows with similar texts.

    Each worker chooses for itself how similar two texts have to be; Interlock's own rule accepts the most rows.
    """
    least, most = friction.recurrence.repeated_rows, friction.recurrence.recurring_rows
    count = content.get("recurring_count")
    passed = isinstance(count, int) and least <= count <= most
    return check("friction_analysis.recurring_count", f"{least} to {most}", count, passed=passed)


def check_clusters(content: Content) -> Check:
    """Return the check that the clusters' counts sum to the recurring rows; less is right if the list was cut."""
    clusters, recurring = entries_of(content, "clusters"), content.get("recurring_count")
    counted = sum(entry["count"] for entry in clusters if isinstance(entry.get("count"), int))
    number = content.get("cluster_count")
    is_complete = isinstance(number, int) and number <= MOST_CLUSTERS_SHOWN
    fits = isinstance(recurring, int) and (counted == recurring or (0 < counted < recurring and not is_complete))
    return check("friction_analysis.clusters", recurring, counted, passed=fits)


def check_scenario(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield checks of the scenario: recovered hours and costs against the rows, the rate and the avoidable percent."""
    kind, part = "with_agent_scenario", facts.avoidable_percent / 100
    yield figure(f"{kind}.avoidable_percent", content, facts.avoidable_percent)
    if facts.period is None:
        yield no_period(kind, content)
        return
    hours, slack = monthly_value(facts.stats.hours, facts.period) * part, hours_slack(facts.stats, facts.period)
    yield figure(f"{kind}.recovered_hours", content, hours, CENT + slack)
    if facts.rate is not None:
        cost = cost_of(facts.stats, facts.rate, facts.period)
        cost_slack = slack_of(facts.rate, facts.period) + slack * facts.rate
        yield from check_currency(kind, content, facts)
        yield figure(f"{kind}.recovered_monthly_cost", content, cost.monthly * part, cost_slack)
        if "recovered_annual_cost" in content:
            yield figure(f"{kind}.recovered_annual_cost", content, cost.annual * part, cost_slack * 12)
    yield from checks_of_range(content, hours)
    month = monthly_value(facts.stats.hours, facts.period)
    yield from checks_of_sensitivity(content, month, facts.friction.avoidable_share, facts.rate)


def hours_slack(stats: RowStats, period: Period) -> Decimal:
    """Return the tolerance for a month's recovered hours, for a worker that rounded the percentage first."""
    return monthly_value(stats.hours, period) * HALF_A_CENT / 100


# -- requirements ----------------------------------------------------------------------------------
def check_requirements(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield a check for each requirement of the request that its source sentence is in the request's text."""
    request = " ".join(facts.request_text.split())
    for entry in entries_of(content, "requirements"):
        sentence = " ".join(str(entry.get("source_sentence", "")).split()).removesuffix("…")
        if sentence and entry.get("source") != REVIEW:
            name = f"requirements_analysis.requirements[{entry.get('number')}]"
            detail = "" if sentence in request else "The request has no such sentence."
            yield check(name, "in the request", sentence, passed=not detail, detail=detail)


def check_coverage(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield a check for each collected requirement that at least one artifact covers it."""
    covered = {number for artifact in entries_of(content, "artifacts") for number in numbers_of(artifact)}
    for entry in entries_of(facts.deliverables.get("requirements_analysis", {}), "requirements"):
        number = entry.get("number")
        detail = "" if number in covered else "No artifact names this requirement."
        yield check(f"development_output.covers[{number}]", True, number in covered, passed=not detail, detail=detail)


def numbers_of(artifact: Content) -> list[int]:
    """Return the numbers of the requirements that the artifact claims to cover."""
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
