"""When the time was spent: hours by calendar week, and by weekday and hour of the day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

from intake.spreadsheets.rows import Row
from workers.agents.analysis.moments import EPOCH, Span, in_milliseconds, milliseconds_of, moment_of, span_of
from workers.agents.figures import columns_of, rounded

# Two years of ISO weeks, of which a year has up to 53. Older weeks are left out, and `weeks_left_out` counts them.
MOST_WEEKS = 106
HOUR_MS = 3_600_000
# A row that lasted longer was not worked on all the time, and its hours of the day cannot be told.
LONGEST_SPAN_MS = 24 * HOUR_MS


@dataclass
class WeekFacts:
    """The milliseconds of the rows by ISO week, as the ordinal of its Monday, and by (ISO weekday, hour of the day)."""

    by_week: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    by_hour: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    dated_rows: int = 0
    timed_rows: int = 0

    def counting(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the same rows; each is added to the sums while it is passed on, or all at once if they are columns."""
        if (columns := columns_of(rows)) is None:
            return self._counted(rows)
        # polars is imported only where columns are counted.
        import_module("workers.agents.analysis.stored_weeks").add_rows(self, columns)
        return rows

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the same rows and add each to the sums while it is passed on."""
        for row in rows:
            if row.get("started_at") or row.get("ended_at"):
                self.add(row)
            yield row

    def add(self, row: Row) -> None:
        """Add a row that has a duration: to the week in which it began, and to the hours of the day that it covers."""
        milliseconds = milliseconds_of(row["estimated_minutes"])
        if milliseconds is None:
            return
        span = span_of(row, milliseconds)
        begun = span.start if span else moment_of(row.get("started_at")) or moment_of(row.get("ended_at"))
        if begun:
            self.dated_rows += 1
            self.by_week[begun.wall.toordinal() - begun.wall.weekday()] += milliseconds
        if span and span.length <= LONGEST_SPAN_MS:
            self.timed_rows += 1
            for hour, part in hour_parts(span, milliseconds):
                self.by_hour[hour] += part


def hour_parts(span: Span, milliseconds: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield ((ISO weekday, hour), milliseconds) for each clock hour that the span covers, in the start's local time.

    Formula: up to the moment t of a span from s to e, floor(milliseconds × (t − s) ÷ (e − s)) are spent. The parts
    are the differences at the full hours, so that they are whole and sum to `milliseconds` exactly. This is the even
    spread of a quantity over an interval (areal interpolation: Goodchild and Lam 1980, in one dimension).
    """
    return hour_parts_of(in_milliseconds(span.start.wall - EPOCH), span.length, milliseconds)


def hour_parts_of(wall: int, length: int, milliseconds: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield the hour parts of a span that begins so many milliseconds after 1970 on the wall; see `hour_parts`."""
    passed, spent, hour = 0, 0, wall // HOUR_MS
    until_hour = HOUR_MS - wall % HOUR_MS
    while True:
        passed = min(passed + until_hour, length)
        due = milliseconds * passed // length if length else milliseconds
        days, hour_of_day = divmod(hour, 24)
        yield ((days + EPOCH.weekday()) % 7 + 1, hour_of_day), due - spent
        if passed >= length:
            return
        hour, spent, until_hour = hour + 1, due, HOUR_MS


def weeks_content(facts: WeekFacts) -> dict[str, Any]:
    """Return `by_week` and `by_weekday` with the rows that they cover; a part that no row tells is left out.

    Weeks are those of ISO 8601 (1988): they begin on Monday, and week 1 has the year's first Thursday. A row counts
    with its whole duration in the week in which it began. Hours and weekdays without any time are not listed.
    """
    content: dict[str, Any] = {}
    if facts.dated_rows:
        mondays = sorted(facts.by_week)
        content |= {"dated_rows": facts.dated_rows, "by_week": [week(facts, day) for day in mondays[-MOST_WEEKS:]]}
        if len(mondays) > MOST_WEEKS:
            content |= {"weeks_left_out": len(mondays) - MOST_WEEKS, "limited": True}
    if facts.timed_rows:
        hours = [(key, part) for key, part in sorted(facts.by_hour.items()) if part]
        lines = [{"weekday": day, "hour": hour, "hours": in_hours(part)} for (day, hour), part in hours]
        content |= {"timed_rows": facts.timed_rows, "by_weekday": lines}
    return content


def week(facts: WeekFacts, ordinal: int) -> dict[str, Any]:
    """Return one line of `by_week`: the ISO week, its Monday, and its hours."""
    monday = date.fromordinal(ordinal)
    year, number, _day = monday.isocalendar()
    return {
        "week": f"{year:04}-W{number:02}",
        "first": monday.isoformat(),
        "hours": in_hours(facts.by_week[ordinal]),
    }


def in_hours(milliseconds: int) -> float:
    """Return milliseconds as hours with two decimals."""
    return rounded(Decimal(milliseconds) / HOUR_MS)
