"""The scenario of a report: what an agent could take over, with its two coefficients, and how sure the figure is."""

from django.utils.translation import gettext as _

from reports.contents import Content, number_at, object_at, objects_at
from reports.figures import factor_in_words, in_unit, money_in_words
from reports.model import Column, Scenario, Table, Unit
from reports.sources import FRICTION, SCENARIO, Sources


def scenario_of(sources: Sources) -> Scenario | None:
    """Return the scenario; None unless its hours, its percentages and both coefficients were delivered."""
    content, friction = sources.content(SCENARIO), sources.content(FRICTION)
    recovered, avoidable = number_at(content, "recovered_hours"), number_at(content, "avoidable_percent")
    recurring = avoidable_share(friction)
    cap, factor = (number_at(friction, "coefficients", key) for key in ("cap_percent", "factor"))
    if recovered is None or avoidable is None or recurring is None or cap is None or factor is None:
        return None
    hours = sources.monthly(sources.hours)
    if hours is None:
        hours = recovered * 100 / avoidable if avoidable else sources.hours or 0.0
    interval = object_at(content, "interval")
    return Scenario(
        recurring_percent=recurring,
        cap_percent=cap,
        factor=factor,
        avoidable_percent=avoidable,
        monthly_hours=hours,
        recovered_hours=recovered,
        hourly_rate=sources.rate,
        recovered_monthly_cost=number_at(content, "recovered_monthly_cost"),
        recovered_annual_cost=number_at(content, "recovered_annual_cost"),
        low_hours=number_at(interval, "low_hours"),
        high_hours=number_at(interval, "high_hours"),
        level=level_in_percent(number_at(interval, "level")),
        formula=formula_in_words(sources, recurring, cap, factor, avoidable, hours),
    )


def avoidable_share(friction: Content) -> float | None:
    """Return the share that the factor is applied to: the rows that recur and are no meetings, in percent of all."""
    rows, total = number_at(friction, "recurring_without_meetings"), number_at(friction, "total_rows")
    return number_at(friction, "recurring_share") if rows is None or not total else 100 * rows / total


def level_in_percent(level: float | None) -> float | None:
    """Return the confidence level in percent, whether it was delivered as 0.95 or as 95."""
    return level * 100 if level is not None and level <= 1 else level


def formula_in_words(
    sources: Sources, recurring: float, cap: float, factor: float, avoidable: float, hours: float
) -> str:
    """Return how the recovered hours and their cost are computed, with the numbers put in."""
    values = {
        "cap": in_unit(cap, Unit.PERCENT),
        "factor": factor_in_words(factor),
        "recurring": in_unit(recurring, Unit.PERCENT),
        "avoidable": in_unit(avoidable, Unit.PERCENT),
        "hours": in_unit(hours, Unit.HOURS),
    }
    words = _(
        "The smaller of the cap (%(cap)s) and factor × recurring share without meetings (%(factor)s × %(recurring)s) "
        "is %(avoidable)s; times %(hours)s a month."
    )
    if sources.rate is None:
        return words % values
    rate = {"rate": money_in_words(sources.rate, sources.currency)}
    return words % values + " " + _("Each hour counts %(rate)s.") % rate


def sensitivity_table(sources: Sources) -> Table | None:
    """Return the table of the scenario under other coefficients; None if it was not delivered."""
    lines = objects_at(sources.content(SCENARIO), "sensitivity")
    columns = [
        Column("cap_percent", _("Cap"), Unit.PERCENT),
        Column("factor", _("Factor"), Unit.FACTOR),
        Column("recovered_hours", _("Hours a month"), Unit.HOURS),
        Column("recovered_monthly_cost", _("Worth a month"), Unit.MONEY),
    ]
    rows = [[number_at(line, column.key) for column in columns] for line in lines]
    return Table("sensitivity", _("The scenario with other coefficients"), columns, rows) if rows else None
