"""The assumptions of a report: each value that the data do not tell, and where it comes from."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.doors import door_in_words, giver_in_words
from reports.figures import factor_in_words, in_unit, money_in_words
from reports.model import Assumption, Period, Scenario, Source, Unit
from reports.sources import Sources


def assumptions_of(sources: Sources, period: Period, scenario: Scenario | None) -> list[Assumption]:
    """Return the assumptions behind the figures, in the order in which a reader meets them."""
    found = [period_assumption(sources, period), currency_assumption(sources)]
    if sources.rate is not None:
        words = _("%(rate)s an hour") % {"rate": money_in_words(sources.rate, sources.currency)}
        found.append(assumption(sources, "hourly_rate", _("Hourly rate"), words, value=sources.rate))
    if scenario:
        found += coefficients(sources, scenario)
    return found


def period_assumption(sources: Sources, period: Period) -> Assumption:
    """Return the assumption about the period, with the factor from the period to a month."""
    why = ""
    if period.months:
        values = {"months": factor_in_words(period.months)}
        why = _("Months in the period: %(months)s. Figures a month are those of the period divided by it.") % values
    source, words = source_of(sources, "period")
    if not period.is_stated:
        source, words = Source.DEFAULT, _("Nobody said which time the data cover, and the file has no dates.")
    return Assumption("period", _("Period of the data"), period.words, source, words, period.type or None, why)


def currency_assumption(sources: Sources) -> Assumption:
    """Return the assumption about the currency."""
    source, words = source_of(sources, "currency")
    if not sources.currency:
        source, words = Source.UNKNOWN, _("Nobody said it: amounts are in the currency of the hourly rate.")
    return Assumption(
        "currency", _("Currency"), sources.currency or _("not stated"), source, words, sources.currency or None
    )


def coefficients(sources: Sources, scenario: Scenario) -> list[Assumption]:
    """Return the two coefficients of the scenario, and what they are."""
    cap = _(
        "A ceiling: however much recurs, no more than this counts as work that an agent could take over. It is a rule "
        "of thumb and was not measured in these data."
    )
    factor = _(
        "The share that could be taken over, for each percent of the rows that recur. It is a rule of thumb and was "
        "not measured in these data."
    )
    words = in_unit(scenario.cap_percent, Unit.PERCENT)
    return [
        assumption(
            sources,
            "friction_cap_percent",
            _("Most that an agent could take over"),
            words,
            value=scenario.cap_percent,
            why=cap,
        ),
        assumption(
            sources,
            "friction_factor",
            _("Factor of the recurring share"),
            factor_in_words(scenario.factor),
            value=scenario.factor,
            why=factor,
        ),
    ]


def assumption(sources: Sources, key: str, title: str, words: str, *, value: float, why: str = "") -> Assumption:
    """Return the assumption about a field of the request."""
    return Assumption(key, title, words, *source_of(sources, key), value=value, why=why)


def source_of(sources: Sources, key: str) -> tuple[Source, str]:
    """Return where the value of a field comes from, as a code and in words."""
    given = sources.provenance.get(key) or {}
    if not given:
        if sources.data.get(key) is None:
            return Source.DEFAULT, _("The default of Interlock: nobody chose it for this request.")
        return Source.UNKNOWN, _("It came with the request; who gave it is not recorded.")
    door, by = str(given.get("door", "")), str(given.get("by", ""))
    values = {"who": giver_in_words(given), "how": door_in_words(door), "when": day_in_words(given.get("at"))}
    if door in ("settings", "rows"):
        is_template = door == "settings" and by.startswith("template ")
        source = Source.FILE if door == "rows" else Source.TEMPLATE if is_template else Source.SETTING
        return source, _("%(who)s, %(how)s") % values
    if door == "policy":
        return Source.TEMPLATE, _("The template's rule for a question that nobody answered, %(when)s") % values
    return Source.PERSON, _("%(who)s, %(how)s, %(when)s") % values


def day_in_words(at: object) -> str:
    """Return the day of a moment in ISO 8601; a dash if it is none."""
    try:
        return date_format(localtime(datetime.fromisoformat(str(at))), "DATE_FORMAT")
    except ValueError:
        return "–"
