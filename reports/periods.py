"""The period of a report, in words: which dates, how many days, and how many people the data cover."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.contents import count_at, text_at
from reports.figures import number_in_words
from reports.model import Period
from reports.sources import COST, SCENARIO, Sources
from schemas.periods import WORKING_DAYS, days_of, is_period, working_days

SPELLINGS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}


def period_of(sources: Sources) -> Period:
    """Return the period of the data: what the request says, else what the analyses were computed with."""
    stated = sources.data.get("period")
    used = sources.content(COST).get("period") or sources.content(SCENARIO).get("period")
    given = as_period(stated) or as_period(used)
    first, last = day_at(given, "first"), day_at(given, "last")
    kind = text_at(given, "type").lower()
    kind = SPELLINGS.get(kind, kind)
    known = {key: count_at(given, key) for key in ("days", "working_days", "people")}
    is_stated = bool(as_period(stated)) or first is not None
    a_month = sources.periods_a_month
    if first is None and kind != WORKING_DAYS:
        # Without dates it is the number of working days that a month has, and not of those that the data cover.
        known["working_days"] = None
    words = period_as_text(first, last, kind, known)
    if words and not is_stated:
        words = _("not stated, assumed: %(period)s") % {"period": words}
    return Period(
        words or _("not stated"),
        kind,
        first,
        last,
        **known,
        months=1 / a_month if a_month else None,
        is_stated=is_stated,
    )


def as_period(value: Any) -> Mapping[str, Any]:
    """Return a period as an object: a text is its type."""
    return {"type": value} if isinstance(value, str) else value if isinstance(value, dict) else {}


def day_at(given: Mapping[str, Any], key: str) -> date | None:
    """Return the date under the key, which is written as ISO 8601; None if there is none."""
    try:
        return date.fromisoformat(text_at(given, key)[:10])
    except ValueError:
        return None


def period_in_words(period: Any) -> str:
    """Return the period that rows cover in words: its days, working days and people; empty if it says no length."""
    if not is_period(period):
        return ""
    first, last = days_of(period)
    known = {"days": None, "working_days": None, "people": period.get("people") or None}
    if first and last:
        known |= {"days": (last - first).days + 1, "working_days": working_days(first, last)}
    elif period["type"] == WORKING_DAYS:
        known["working_days"] = period["working_days"]
    return period_as_text(first, last, period["type"], known)


def period_as_text(first: date | None, last: date | None, kind: str, known: Mapping[str, int | None]) -> str:
    """Return the dates, else the type of the period, with the known counts; empty if nothing is known."""
    span, counts = span_in_words(first, last, kind), ", ".join(counts_in_words(known))
    if first and last and counts:
        return _("%(dates)s: %(counts)s") % {"dates": span, "counts": counts}
    return ", ".join(part for part in (span, counts) if part)


def span_in_words(first: date | None, last: date | None, kind: str) -> str:
    """Return the dates in words, else the type of the period; empty if neither is known."""
    if first and last:
        values = {"first": date_format(first), "last": date_format(last)}
        return _("%(first)s to %(last)s") % values if first != last else values["first"]
    if kind == WORKING_DAYS:
        return ""
    types = {
        "day": _("a day"),
        "week": _("a week"),
        "month": _("a month"),
        "quarter": _("a quarter"),
        "year": _("a year"),
    }
    return types.get(kind, kind)


def counts_in_words(known: Mapping[str, int | None]) -> list[str]:
    """Return the days, the working days and the people in words, as far as they are known."""
    days, working, people = known["days"], known["working_days"], known["people"]
    return [
        *([] if days is None else [ngettext("%(n)s day", "%(n)s days", days) % {"n": number_in_words(days)}]),
        *(
            []
            if working is None
            else [ngettext("%(n)s working day", "%(n)s working days", working) % {"n": number_in_words(working)}]
        ),
        *(
            []
            if people is None
            else [ngettext("%(n)s person", "%(n)s people", people) % {"n": number_in_words(people)}]
        ),
    ]
