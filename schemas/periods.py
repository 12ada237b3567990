"""How long a period is: the time that the rows of a request cover (`objects/period.v1`), and how many make a month.

A month is a twelfth of a year of 365.25 days (the Julian year of the International Astronomical Union), and has
260 ÷ 12 working days: five in each of 52 weeks. A working day is a Monday to Friday; holidays are not known here.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

MONTH_DAYS = Fraction(36525, 1200)
MONTH_WORKING_DAYS = Fraction(260, 12)
# The type of a period from a first to a last day, and of a number of working days.
DATES, WORKING_DAYS = "dates", "working_days"
# The spellings of a period's type that producers use: the unit, or the word for how often.
SPELLINGS = {
    "day": ("day", "daily"),
    "week": ("week", "weekly"),
    "month": ("month", "monthly"),
    "quarter": ("quarter", "quarterly"),
    "year": ("year", "yearly", "annual", "annually"),
}
TYPE_BY_SPELLING = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings}
A_YEAR = {"day": 260, "week": 52, "month": 12, "quarter": 4, "year": 1}
MOST_WORKING_DAYS = 10_000


def working_days(first: date, last: date) -> int:
    """Return the number of Mondays to Fridays from the first to the last day, both included; holidays are counted."""
    weeks, rest = divmod((last - first).days + 1, 7)
    return weeks * 5 + sum((first + timedelta(days=day)).weekday() < 5 for day in range(rest))


def with_one_spelling(value: Any) -> Any:
    """Return the period as an object whose type has one spelling: `"weekly"` equals `{"type": "week"}`.

    A first and a last day without a type are a period of type `dates`. What is no period is returned unchanged.
    """
    fields = {"type": value} if isinstance(value, str) else value
    if not isinstance(fields, dict):
        return value
    if isinstance(kind := fields.get("type"), str):
        spelling = kind.strip().lower()
        return {**fields, "type": TYPE_BY_SPELLING.get(spelling, spelling)}
    has_both = fields.get("first") is not None and fields.get("last") is not None
    return {**fields, "type": DATES} if has_both and fields.get("type") is None else fields


def periods_per_month(period: Mapping[str, Any]) -> Fraction:
    """Return how many such periods a month has. Raises ValueError for what is no period.

    - From a first to a last day (`first`, `last`, whatever the type): 365.25 ÷ 12 ÷ calendar days, so that 90 days are
      2.96 months. If no row lies on a weekend (`weekends` is false): 260 ÷ 12 ÷ working days, so that rows from a
      Monday to the Friday after it are one week and not five sevenths of one.
    - `working_days`: 260 ÷ 12 ÷ their number.
    - `day`: the `working_days` of a month if they are given, else 260 ÷ 12. Week, month, quarter and year: 52, 12, 4
      and 1 of them in 12 months.
    """
    first, last = days_of(period)
    count = number_of(period.get("working_days"))
    if first and last:
        if period.get("weekends") is False and (worked := working_days(first, last)):
            return MONTH_WORKING_DAYS / worked
        return MONTH_DAYS / ((last - first).days + 1)
    kind = period.get("type")
    if kind == WORKING_DAYS and count:
        return MONTH_WORKING_DAYS / count
    if kind == "day" and count:
        return Fraction(count)
    if not isinstance(kind, str) or kind not in A_YEAR:
        raise ValueError(f"{kind!r} is no length of a period")
    return Fraction(A_YEAR[kind], 12)


def days_of(period: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """Return the first and the last day, both or none. Raises ValueError if one is no date, or they are reversed."""
    given = [period.get("first"), period.get("last")]
    if given == [None, None]:
        return None, None
    first, last = (day if isinstance(day, date) else date.fromisoformat(str(day)) for day in given)
    if first > last:
        raise ValueError(f"the last day, {last}, is before the first, {first}")
    return first, last


def number_of(value: Any) -> int | None:
    """Return the number of working days; None if there is none. Raises ValueError for anything but a whole number."""
    if value is None:
        return None
    if isinstance(value, bool) or value != int(value) or not 1 <= value <= MOST_WORKING_DAYS:
        raise ValueError(f"{value!r} is no number of working days")
    return int(value)


def is_period(value: Any) -> bool:
    """Return True if the value, once it has one spelling, says how long a period is."""
    try:
        return isinstance(value, dict) and periods_per_month(value) > 0
    except (ValueError, TypeError, OverflowError):
        return False
