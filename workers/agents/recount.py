"""Count the figures of the analyses a second time, by other ways than the analyses, so that an error in one shows."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from intake.spreadsheets.rows import Columns, Row
from workers.agents.analysis.moments import moment_of
from workers.agents.analysis.tally import NO_END, UNKNOWN, RowTally
from workers.agents.figures import columns_of, exact_minutes, minutes_of

MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS


@dataclass
class Recount:
    """The minutes of rows with a date by (ISO year, ISO week); exact decimals, where the analysis has milliseconds.

    `lasting_rows` have a duration above 0, and `short_rows` of them one under 15 minutes. Of stored rows the days are
    cut from the text of their start and the rest is summed up in SQL, where the analysis reads moments by columns.
    """

    weeks: defaultdict[tuple[int, int], Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    short_rows: int = 0
    short_milliseconds: int = 0
    lasting_rows: int = 0

    @property
    def dated_minutes(self) -> Decimal:
        return sum(self.weeks.values(), Decimal())

    def counting(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return the same rows; each is added to the sums while it is passed on, or all at once if they are columns."""
        if (columns := columns_of(rows)) is None:
            return self._counted(rows)
        self.short_rows, self.short_milliseconds, self.lasting_rows = columns.short_and_lasting(QUARTER_MS)
        if self.add_days(columns):
            self._add_all(columns.rows_without_day())
        else:
            self.weeks.clear()
            self._add_all(rows)
        return rows

    def add_days(self, columns: Columns) -> bool:
        """Add the rows whose start tells a day; return False if the calendar does not have one of these days."""
        for part in columns.parts_by("day"):
            if part.milliseconds is None:
                continue
            try:
                year, week, _weekday = date.fromisoformat(part.name).isocalendar()
            except ValueError:
                return False
            self.weeks[year, week] += minutes_of(part)
        return True

    def _add_all(self, rows: Iterable[Row]) -> None:
        """Add the minutes of each row to its week."""
        for row in rows:
            if (row.get("started_at") or row.get("ended_at")) and row["estimated_minutes"] is not None:
                self.add(row)

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the same rows and add each to the sums while it is passed on."""
        for row in rows:
            milliseconds = int((exact_minutes(row["estimated_minutes"]) * MINUTE_MS).to_integral_value())
            self.lasting_rows += milliseconds > 0
            if 0 < milliseconds < QUARTER_MS:
                self.short_rows += 1
                self.short_milliseconds += milliseconds
            if (row.get("started_at") or row.get("ended_at")) and row["estimated_minutes"] is not None:
                self.add(row)
            yield row

    def add(self, row: Row) -> None:
        """Add the minutes of a row to the week of its day."""
        if day := day_of(row):
            year, week, _weekday = day.isocalendar()
            self.weeks[year, week] += exact_minutes(row["estimated_minutes"])


def day_of(row: Row) -> date | None:
    """Return the local day on which the row began: that of its start, else of its end less its duration."""
    if start := moment_of(row.get("started_at")):
        return start.wall.date()
    if not (end := moment_of(row.get("ended_at"))):
        return None
    minutes = float(row["estimated_minutes"] or 0) if end.has_time else 0
    return date.fromordinal(end.wall.toordinal() - days_before(end.wall.hour * 60 + end.wall.minute, minutes))


def days_before(minutes_of_day: float, minutes: float) -> int:
    """Return how many days before the day a duration begins that ends at this minute of the day."""
    return max(0, -int((minutes_of_day - minutes) // 1440))


@dataclass
class StepsRecount:
    """The figures about cases and switches, counted in one sweep over all steps by time."""

    cases: int = 0
    cases_with_rework: int = 0
    returns: int = 0
    switches: int = 0
    waits: list[int] = field(default_factory=list)

    @property
    def median_minutes(self) -> Decimal:
        return Decimal(statistics.median(self.waits)) / MINUTE_MS

    @property
    def p90_minutes(self) -> Decimal:
        """Return the ninth decile, by the method of the standard library that takes the values for the population."""
        tenths = statistics.quantiles(self.waits, n=10, method="inclusive") if len(self.waits) > 1 else self.waits * 9
        return Decimal(tenths[8]) / MINUTE_MS


def steps_recount(tally: RowTally, groups: Sequence[int]) -> StepsRecount:
    """Return the recount: one sweep over all steps in time order, with the last step of each case and each person."""
    steps, found = tally.steps, StepsRecount()
    kinds = [(groups[text], tally.texts[text].category) for text in steps.text]
    last: dict[tuple[str, int], int] = {}
    visited: defaultdict[int, set[int]] = defaultdict(set)
    returning: set[int] = set()
    order = sorted(
        range(len(steps)), key=lambda step: (steps.start[step], steps.end[step], steps.day[step], kinds[step])
    )
    for step in order:
        case, person, group = steps.case[step], steps.person[step], kinds[step][0]
        before = last.get(("person", person), UNKNOWN)
        if person != UNKNOWN and before != UNKNOWN and steps.day[before] == steps.day[step]:
            found.switches += kinds[before] != kinds[step]
        last["person", person] = step
        if case == UNKNOWN:
            continue
        before = last.get(("case", case), UNKNOWN)
        if before != UNKNOWN and steps.end[before] != NO_END:
            found.waits.append(max(0, steps.start[step] - steps.end[before]))
        if group in visited[case] and before != UNKNOWN and kinds[before][0] != group:
            found.returns += 1
            returning.add(case)
        visited[case].add(group)
        last["case", case] = step
    found.cases, found.cases_with_rework = len(visited), len(returning)
    return found
