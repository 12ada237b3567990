"""The scenario's figures in words, for the page and for files."""

from django.utils.translation import gettext as _

from reports.figures import in_unit, money_in_words
from reports.model import Scenario, Unit


def words_of(scenario: Scenario, currency: str) -> dict[str, str]:
    """Return the figures of the scenario in words; empty for those that were not delivered."""
    money = {"monthly": scenario.recovered_monthly_cost, "annual": scenario.recovered_annual_cost}
    return {
        "share": in_unit(scenario.avoidable_percent, Unit.PERCENT),
        "hours": in_unit(scenario.recovered_hours, Unit.HOURS),
        "interval": interval_in_words(scenario),
        **{key: "" if amount is None else money_in_words(amount, currency) for key, amount in money.items()},
    }


def interval_in_words(scenario: Scenario) -> str:
    """Return the interval of the recovered hours in words; empty if it was not delivered."""
    if scenario.low_hours is None or scenario.high_hours is None:
        return ""
    values = {"low": in_unit(scenario.low_hours, Unit.HOURS), "high": in_unit(scenario.high_hours, Unit.HOURS)}
    if scenario.level is None:
        return _("%(low)s to %(high)s") % values
    words = _("%(low)s to %(high)s, with %(level)s confidence, by the spread of the rows")
    return words % {**values, "level": in_unit(scenario.level, Unit.PERCENT)}
