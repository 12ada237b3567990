"""The period that rows cover: read from their dates where these leave no doubt, and otherwise asked for.

A work context holds what the dates of its rows say under `dates_of_rows`, which only Interlock sets: `rows`, `undated`,
`people` and `minutes` in all, `doubts` (why the dates do not settle the period) and `ranges` (which periods they may
mean). Without a doubt the only range is the period. Nobody's figures for a month are computed from an assumed period.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from django.utils.translation import gettext_noop

from schemas.periods import DATES, MOST_WORKING_DAYS, WORKING_DAYS, days_of, is_period, with_one_spelling, working_days

FACTS = "dates_of_rows"
# What tells a period, in its `source`: the dates of the rows, or the answer to a question; without one, the request.
FROM_DATES, FROM_ANSWER = "dates", "answer"
YEARS = range(1990, 2100)
# Rows further away from the others than this and than all others together are doubtful, if they are few: a tenth.
FAR_DAYS, FEW = 14, 10
# More rows than a fifth without a date, and the dates of the others do not tell the period.
MANY_UNDATED = 5
MOST_NAMED = 3

NO_DATES = gettext_noop("The rows have no dates")
UNDATED = gettext_noop("Rows without a date")
FAR_AWAY = gettext_noop("Dates far away from all others")
IN_THE_FUTURE = gettext_noop("Dates in the future")
SAME_WEEKDAY = gettext_noop("All dates are the same day of the week, so that each may stand for a week")
SAME_DAY_OF_MONTH = gettext_noop("All dates are the same day of a month, so that each may stand for a month")
TOO_MANY_HOURS = gettext_noop("The rows have more hours than their dates and people")
ALL_DATES = gettext_noop("From the first to the last date")
WITHOUT_FAR = gettext_noop("Without the dates far away")
UP_TO_TODAY = gettext_noop("Without the dates in the future")
WHOLE_WEEKS = gettext_noop("Whole weeks")
WHOLE_MONTHS = gettext_noop("Whole months")

Facts = dict[str, Any]
R = TypeVar("R", bound=Mapping[str, Any])


class DatesOfRows:
    """Counts the rows of each day, their people and their minutes, while the rows are passed on."""

    def __init__(self) -> None:
        self._rows = 0
        self._minutes = 0.0
        self._by_day: dict[str, int] = {}
        self._people: set[str] = set()

    @classmethod
    def counted(cls, rows: int, milliseconds: int, by_day: Mapping[str, int], people: Iterable[str]) -> "DatesOfRows":
        """Return the counts of rows that were counted elsewhere, in the way of `watch`."""
        dates = cls()
        dates._rows, dates._minutes = rows, milliseconds / 60_000
        dates._by_day, dates._people = dict(by_day), set(people)
        return dates

    def watch(self, rows: Iterable[R]) -> Iterator[R]:
        """Yield the same rows, and count each."""
        by_day, people = self._by_day, self._people
        for row in rows:
            self._rows += 1
            start, end = row.get("started_at"), row.get("ended_at")
            if isinstance(start, str):
                by_day[start[:10]] = by_day.get(start[:10], 0) + 1
            # An end with a time of day belongs to the day of its start, also after midnight.
            if isinstance(end, str) and len(end) == 10 and end != start:
                by_day[end] = by_day.get(end, 0) + 1
            if isinstance(person := row.get("person"), str) and person:
                people.add(person)
            minutes = row.get("estimated_minutes")
            if isinstance(minutes, int | float):
                self._minutes += minutes
            yield row

    def facts(self, today: date, *, has_minutes: bool = True) -> Facts:
        """Return what the dates say, in the form of `dates_of_rows`; without minutes where a file is in doubt."""
        days = {day: count for text, count in self._by_day.items() if (day := day_of(text)) is not None}
        dated = sum(days.values())
        facts: Facts = {"rows": self._rows, "undated": max(self._rows - dated, 0)}
        facts["minutes"] = round(self._minutes, 2) if has_minutes else 0.0
        facts["people"] = len(self._people)
        doubts, ranges = doubts_about(days, facts, today)
        return {**facts, "doubts": doubts, "ranges": [range_of(days, *found) for found in ranges]}


def day_of(text: str) -> date | None:
    """Return the day that begins an ISO 8601 text; None if it is no such text, or a year that can only be an error."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def range_of(days: Mapping[date, int], title: str, first: date, last: date) -> dict[str, Any]:
    """Return one period that the dates may mean: its title, its days, and how many of them have rows."""
    inside = [day for day in days if first <= day <= last]
    return {
        "title": title,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "days": (last - first).days + 1,
        "days_with_rows": len(inside),
        "working_days": working_days(first, last),
        "weekends": any(day.weekday() > 4 for day in inside),
    }


Range = tuple[str, date, date]


def doubts_about(days: Mapping[date, int], facts: Facts, today: date) -> tuple[list[str], list[Range]]:
    """Return why the dates do not settle the period, each with its evidence, and the periods that they may mean."""
    if not days:
        return [NO_DATES], []
    doubts, ranges = [], [(ALL_DATES, min(days), max(days))]
    if facts["undated"] * MANY_UNDATED > facts["rows"]:
        doubts.append(f"{UNDATED}: {facts['undated']:,} / {facts['rows']:,}")
    for title, why, outside in (
        (WITHOUT_FAR, FAR_AWAY, days_far_away(days)),
        (UP_TO_TODAY, IN_THE_FUTURE, [day for day in days if day > today + timedelta(days=1)]),
    ):
        if outside:
            doubts.append(f"{why}: {named(outside)}")
            if left := sorted(days.keys() - set(outside)):
                ranges.insert(0, (title, left[0], left[-1]))
    for why, whole in (*whole_weeks(sorted(days)), *whole_months(sorted(days))):
        doubts.append(why)
        ranges.append(whole)
    if has_too_many_hours(days, facts):
        doubts.append(f"{TOO_MANY_HOURS}: {facts['minutes'] / 60:,.1f} h, {len(days):,} d, {facts['people'] or 1:,} p")
    return doubts, ranges


def named(days: Sequence[date]) -> str:
    """Return the first few days as text, and how many more there are."""
    more = f" (+ {len(days) - MOST_NAMED:,})" if len(days) > MOST_NAMED else ""
    return ", ".join(day.isoformat() for day in sorted(days)[:MOST_NAMED]) + more


def days_far_away(days: Mapping[date, int]) -> list[date]:
    """Return the few days that lie further from the bulk of the rows than FAR_DAYS and than the bulk is long."""
    ordered, far = sorted(days), list[date]()
    while len(ordered) > 1:
        gap = max(pairwise(ordered), key=lambda pair: pair[1] - pair[0])
        before, after = ([d for d in ordered if d <= gap[0]], [d for d in ordered if d >= gap[1]])
        few, bulk = sorted((before, after), key=lambda part: sum(days[day] for day in part))
        longest = max(timedelta(days=FAR_DAYS), bulk[-1] - bulk[0])
        if gap[1] - gap[0] <= longest or sum(days[day] for day in few) * FEW > sum(days.values()):
            break
        far, ordered = far + few, bulk
    return far


def whole_weeks(ordered: Sequence[date]) -> list[tuple[str, Range]]:
    """Return the doubt about dates that are all the same day of the week: with rows of the week, it is longer."""
    if len(ordered) < 2 or len({day.weekday() for day in ordered}) > 1:
        return []
    is_monday = ordered[0].weekday() == 0
    first = ordered[0] if is_monday else ordered[0] - timedelta(days=6)
    last = ordered[-1] + timedelta(days=6) if is_monday else ordered[-1]
    return [(f"{SAME_WEEKDAY}: {named(ordered)}", (WHOLE_WEEKS, first, last))]


def whole_months(ordered: Sequence[date]) -> list[tuple[str, Range]]:
    """Return the doubt about dates that are all the first or all the last day of a month."""
    ends = [next_month(day) - timedelta(days=1) for day in ordered]
    if len(ordered) < 2 or not (all(day.day == 1 for day in ordered) or list(ordered) == ends):
        return []
    return [(f"{SAME_DAY_OF_MONTH}: {named(ordered)}", (WHOLE_MONTHS, ordered[0].replace(day=1), ends[-1]))]


def next_month(day: date) -> date:
    """Return the first day of the month after the day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def has_too_many_hours(days: Mapping[date, int], facts: Facts) -> bool:
    """Return True if the people cannot have worked so long on these days; without people only a single day tells."""
    if not facts["people"] and len(days) > 1:
        return False
    return bool(facts["minutes"] > 24 * 60 * len(days) * max(facts["people"], 1))


# -- in a work context -----------------------------------------------------------------------------
def with_facts(data: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return the work context with what the dates of its rows say, if it carries the rows themselves."""
    rows = data.get("rows")
    if not isinstance(rows, list) or not rows:
        return dict(data)
    dates = DatesOfRows()
    for _ in dates.watch(row for row in rows if isinstance(row, dict)):
        pass
    return {**data, FACTS: dates.facts(today)}


def with_period(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the work context with its period in one spelling, or the period that the dates of its rows settle.

    A period that a person gave stands; one that was read from dates is read anew. A period of null is none.
    """
    given = with_one_spelling(data.get("period"))
    kept = {key: value for key, value in data.items() if key != "period"}
    if given is not None and not is_from_dates(given):
        return {**kept, "period": with_counts(given)}
    facts = data.get(FACTS)
    if not facts or facts["doubts"]:
        return kept
    return {**kept, "period": period_of_range(facts["ranges"][0], facts, source=FROM_DATES)}


def with_counts(period: Any) -> Any:
    """Return a period from a first to a last day with the number of its days, for workers that know no calendar."""
    if not is_period(period):
        return period
    first, last = days_of(period)
    if first is None or last is None:
        return period
    return {"days": (last - first).days + 1, "working_days": working_days(first, last), **period}


def without_source(period: Any) -> Any:
    """Return a requester's period without `source`, which only Interlock sets."""
    return {key: part for key, part in period.items() if key != "source"} if isinstance(period, dict) else period


def is_from_dates(period: Any) -> bool:
    """Return True if the period was read from the dates of rows."""
    return isinstance(period, dict) and period.get("source") == FROM_DATES


def period_of_range(found: Mapping[str, Any], facts: Facts, *, source: str) -> dict[str, Any]:
    """Return the period of a range of days, with the number of people where the rows name any."""
    kept = {key: value for key, value in found.items() if key != "title"}
    people = {"people": facts["people"]} if facts["people"] else {}
    return {"type": DATES, **kept, **people, "source": source}


def answered_period(data: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """Return the period that an answer names: a length, a number of working days, or a range that the dates may mean.

    Raises ValueError if a number of working days is missing, or if there is no such range.
    """
    facts = data.get(FACTS) or {"people": 0, "ranges": []}
    kind = answer["type"]
    people = {"people": facts["people"]} if facts["people"] else {}
    if "/" in kind:
        found = next((one for one in facts["ranges"] if interval_of(one) == kind), None)
        if found is None:
            raise ValueError(kind)
        return period_of_range(found, facts, source=FROM_ANSWER)
    period = {"type": kind, **people, "source": FROM_ANSWER}
    if kind in (WORKING_DAYS, "day") and answer.get("working_days") is not None:
        period["working_days"] = answer["working_days"]
    if not is_period(period) or period.get("working_days", 1) > MOST_WORKING_DAYS:
        raise ValueError(kind)
    return period


def interval_of(found: Mapping[str, Any]) -> str:
    """Return the range as an interval of ISO 8601, which is its value as a choice."""
    return f"{found['first']}/{found['last']}"
