"""A finding about hours: its share of the time, and what the hours are and cost in a month."""

from django.utils.translation import gettext as _

from reports.figures import factor_in_words, in_unit, money_in_words
from reports.model import Figure, Finding, RowsBehind, Unit
from reports.sources import Sources


def hours_finding(
    sources: Sources,
    key: str,
    title: str,
    text: str,
    hours: float,
    *,
    formula: str,
    rows: RowsBehind | None = None,
    automatable: bool | None = None,
    why: str = "",
    why_code: str = "",
) -> Finding:
    """Return a finding about hours of the period, with its share, its hours and its cost in a month, where known."""
    share = 100 * hours / sources.hours if sources.hours else None
    monthly, money = sources.monthly(hours), sources.monthly_money(hours)
    figures = [Figure("hours", _("in the period of the data"), hours, Unit.HOURS, in_unit(hours, Unit.HOURS))]
    if share is not None:
        figures.append(Figure("share", _("of the time"), share, Unit.PERCENT, in_unit(share, Unit.PERCENT)))
    if monthly is not None:
        figures.append(Figure("monthly_hours", _("each month"), monthly, Unit.HOURS, in_unit(monthly, Unit.HOURS)))
    if money is not None:
        figures.append(
            Figure("monthly_cost", _("cost a month"), money, Unit.MONEY, money_in_words(money, sources.currency))
        )
    formula = " ".join(part for part in (formula, money_formula(sources, hours)) if part)
    return Finding(key, title, text, hours, share, monthly, money, figures, formula, rows, automatable, why, why_code)


def money_formula(sources: Sources, hours: float) -> str:
    """Return how the cost in a month is computed from hours of the period; empty if it is not known."""
    money, a_month, rate = sources.monthly_money(hours), sources.periods_a_month, sources.rate
    if money is None or a_month is None or rate is None:
        return ""
    values = {
        "hours": in_unit(hours, Unit.HOURS),
        "rate": money_in_words(rate, sources.currency),
        "factor": factor_in_words(a_month),
        "money": money_in_words(money, sources.currency),
    }
    return _("%(hours)s × %(rate)s an hour × %(factor)s such periods a month = %(money)s a month.") % values
