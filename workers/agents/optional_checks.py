"""Checks of the figures that a deliverable has only where the rows tell them; what is not delivered is not checked."""

from collections.abc import Iterator
from decimal import Decimal

from workers.agents.checking import CENT, Check, Content, Facts, check, entries_of, figure, number_of, part_of
from workers.agents.figures import RowStats, percent_of
from workers.agents.recount import Recount

# Of a weekday's hours that are summed up from rounded ones, and of a share from 0 to 1 with four decimals.
HALF_A_CENT = Decimal("0.0051")
HALF_OF_FOUR_DECIMALS = Decimal("0.000051")


def checks_of_weeks(content: Content, recount: Recount) -> Iterator[Check]:
    """Yield checks of the hours by week against the rows' dates, and of the sum of the hours by weekday."""
    for line in entries_of(content, "by_week"):
        name = f"time_waste_analysis.by_week[{line.get('week')}].hours"
        yield figure(name, line, recount.weeks.get(week_named(line.get("week")), Decimal()) / 60)
    lines = entries_of(content, "by_weekday")
    if lines:
        numbers = [number for line in lines if (number := number_of(line.get("hours"))) is not None]
        most = recount.dated_minutes / 60 + HALF_A_CENT * len(lines)
        fits = len(numbers) == len(lines) and min(numbers) >= 0 and sum(numbers) <= most
        yield check("time_waste_analysis.by_weekday", f"at most {float(most):.2f}", str(sum(numbers)), passed=fits)


def week_named(name: object) -> tuple[int, int]:
    """Return the ISO year and week of a name such as "2026-W03"; (0, 0) for another text."""
    year, _, week = str(name).partition("-W")
    return (int(year), int(week)) if year.isdecimal() and week.isdecimal() and len(str(name)) < 10 else (0, 0)


def checks_of_concentration(content: Content, stats: RowStats) -> Iterator[Check]:
    """Yield checks of the concentration, computed from each category's share."""
    if part := part_of(content, "concentration"):
        shares = sorted((percent_of(minutes, stats.minutes) for minutes in stats.by_category.values()), reverse=True)
        yield figure("time_waste_analysis.concentration.top_three_percent", part, sum(shares[:3], Decimal()))
        herfindahl = sum(((share / 100) ** 2 for share in shares), Decimal())
        yield figure("time_waste_analysis.concentration.herfindahl", part, herfindahl, HALF_OF_FOUR_DECIMALS)


def checks_of_fragmentation(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield checks of the fragmentation's and the meetings' percentages against the rows and the stated numbers."""
    recount = facts.recount
    if part := part_of(content, "fragmentation"):
        name = "friction_analysis.fragmentation"
        yield figure(f"{name}.short_rows", part, Decimal(recount.short_rows))
        yield figure(f"{name}.short_percent", part, percent_of(recount.short_rows, recount.lasting_rows))
        yield figure(f"{name}.short_minutes", part, Decimal(recount.short_milliseconds) / 60_000)
        if "switches" in part:
            yield figure(f"{name}.switches", part, Decimal(facts.steps.switches))
    if part := part_of(content, "meetings"):
        minutes = number_of(part.get("minutes")) or Decimal()
        share = percent_of(minutes, facts.stats.minutes)
        yield figure("friction_analysis.meetings.percent", part, share, CENT)


def checks_of_cases(content: Content, facts: Facts) -> Iterator[Check]:
    """Yield checks of rework and waiting, counted in one sweep over the rows by time."""
    rework, waiting = part_of(content, "rework"), part_of(content, "waiting")
    if not rework.keys() & {"cases"} and not waiting.keys() & {"steps"}:
        return
    found = facts.steps
    if "cases" in rework:
        for key in ("cases", "cases_with_rework", "returns"):
            yield figure(f"friction_analysis.rework.{key}", rework, Decimal(getattr(found, key)))
        share = percent_of(found.cases_with_rework, found.cases)
        yield figure("friction_analysis.rework.percent", rework, share)
    if "steps" in waiting:
        yield figure("friction_analysis.waiting.steps", waiting, Decimal(len(found.waits)))
        if found.waits:
            yield figure("friction_analysis.waiting.median_minutes", waiting, found.median_minutes)
            yield figure("friction_analysis.waiting.p90_minutes", waiting, found.p90_minutes)


def checks_of_range(content: Content, hours: Decimal) -> Iterator[Check]:
    """Yield the check that the interval is in order, and near the recovered hours.

    Each worker chooses its own method for an interval, and chance is in it: it is near if the hours are not farther
    outside than it is wide.
    """
    if part := part_of(content, "interval"):
        bounds = [part.get("low_hours"), part.get("high_hours")]
        numbers = [number for bound in bounds if (number := number_of(bound)) is not None]
        width = numbers[1] - numbers[0] + CENT if len(numbers) == 2 else Decimal(-1)
        fits = width > 0 and numbers[0] >= 0 and numbers[0] - width <= hours <= numbers[1] + width
        yield check("with_agent_scenario.interval", f"around {float(hours):.2f}", str(bounds), passed=fits)


def checks_of_sensitivity(content: Content, month: Decimal, share: Decimal, rate: Decimal | None) -> Iterator[Check]:
    """Yield checks of each line of the sensitivity: the hours of a month × min(cap, factor × share), and their cost."""
    for number, line in enumerate(entries_of(content, "sensitivity"), start=1):
        name = f"with_agent_scenario.sensitivity[{number}]"
        cap, factor = (number_of(line.get(key)) or Decimal() for key in ("cap_percent", "factor"))
        hours = month * min(cap, factor * share) / 100
        yield figure(f"{name}.recovered_hours", line, hours)
        if rate is not None:
            yield figure(f"{name}.recovered_monthly_cost", line, hours * rate)
