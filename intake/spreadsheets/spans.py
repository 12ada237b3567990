"""The start and the end of each row, from one column each or from a date and a time, also over midnight."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from intake.spreadsheets.columns import Column, Columns
from intake.spreadsheets.moments import EPOCH, FIRST_DAY, DayOrder, Moment, day_order_of, moment_of
from intake.spreadsheets.sheet import MS_PER_MINUTE, Cell, Line
from intake.spreadsheets.units import DAY_MILLISECONDS
from intake.spreadsheets.words import word_set, words_of

# Stands in an array for a row without a moment.
NONE = -(1 << 62)
MOST_REMEMBERED = 20_000
# Longer cells are whole moments, which seldom come twice.
LONGEST_REMEMBERED = 15
MOST_PERSONS = 1 << 16
# Stand in an array of offsets: the moment is a day alone, or a local time without an offset.
DAY_ALONE, LOCAL = -(1 << 15), (1 << 15) - 1


@dataclass(frozen=True)
class Clock:
    """The columns of a start or of an end: one with the whole moment, or one with the day and one with the time."""

    moment: Column | None = None
    day: Column | None = None
    time: Column | None = None

    @property
    def columns(self) -> list[Column]:
        return [column for column in (self.moment, self.day, self.time) if column]

    @property
    def has_time(self) -> bool:
        return self.moment is not None or self.time is not None


@dataclass
class Times:
    """The moments of each row, as milliseconds since 1970, a row after the other; NONE where there is none.

    `overnight` counts the rows whose end has no date of its own and lies on the day after.
    """

    start: Clock
    end: Clock
    order: DayOrder
    date: Column | None = None
    person: Column | None = None
    all_day: Column | None = None
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    ends: "array[int]" = field(default_factory=lambda: array("q"))
    # The offset from UTC in minutes that each start and end names, or DAY_ALONE or LOCAL.
    start_offsets: "array[int]" = field(default_factory=lambda: array("h"))
    end_offsets: "array[int]" = field(default_factory=lambda: array("h"))
    persons: "array[int]" = field(default_factory=lambda: array("H"))
    whole_days: set[int] = field(default_factory=set)
    has_offsets: bool = False
    overnight: int = 0
    names: dict[Cell, int] = field(default_factory=dict)
    # Further starts and ends, which are not read.
    unused: list[Column] = field(default_factory=list)
    _read: dict[Cell, Moment] = field(default_factory=dict)

    @property
    def has_spans(self) -> bool:
        return self.start.has_time and self.end.has_time

    @property
    def columns(self) -> list[Column]:
        return [*self.start.columns, *self.end.columns]

    def add(self, cells: Sequence[Cell]) -> None:
        """Note the moments of the next row."""
        start, end = self._at(cells, self.start), self._at(cells, self.end)
        day = start.day if start.day is not None else self._day(cells)
        begins, ends = NONE, NONE
        if day is not None or start.time is not None:
            begins = (day or 0) * DAY_MILLISECONDS + (start.time or 0)
        if end.time is not None and start.time is not None and (start.offset is None) == (end.offset is None):
            ends = (end.day if end.day is not None else day or 0) * DAY_MILLISECONDS + end.time
            if ends < begins and (end.day is None or day is None):
                ends += DAY_MILLISECONDS
                self.overnight += 1
        elif end.day is not None and not self.has_spans:
            ends = end.day * DAY_MILLISECONDS + (end.time or 0)
        self.has_offsets = self.has_offsets or start.offset is not None
        if NONE < begins < ends and start.time == end.time == 0:
            # From midnight to midnight is how calendars write a day without times.
            self.whole_days.add(len(self.starts))
        self.starts.append(begins)
        self.ends.append(ends)
        self.start_offsets.append(offset_of(start))
        self.end_offsets.append(offset_of(end))
        self._add_person(cells)

    def _add_person(self, cells: Sequence[Cell]) -> None:
        """Note whose row it is, and whether it lasts all day."""
        name = cell_in(cells, self.person)
        number = self.names.get(name)
        if number is None:
            number = self.names[name] = len(self.names) if len(self.names) < MOST_PERSONS - 1 else MOST_PERSONS - 1
        self.persons.append(number)
        if self.all_day and YES.intersection(words_of(str(cell_in(cells, self.all_day)))):
            self.whole_days.add(len(self.starts) - 1)

    def _at(self, cells: Sequence[Cell], clock: Clock) -> Moment:
        """Return the moment that the clock's columns name in the row."""
        if clock.moment:
            return self._moment(cell_in(cells, clock.moment))
        day = self._moment(cell_in(cells, clock.day)).day if clock.day else None
        time = self._moment(cell_in(cells, clock.time)).time if clock.time else None
        return Moment(day, time)

    def _day(self, cells: Sequence[Cell]) -> int | None:
        return self._moment(cell_in(cells, self.date)).day if self.date else None

    def _moment(self, cell: Cell) -> Moment:
        """Return the moment of the cell; a cell that was read before is not read again."""
        if isinstance(cell, str) and len(cell) > LONGEST_REMEMBERED:
            return moment_of(cell, self.order)
        found = self._read.get(cell)
        if found is None:
            if len(self._read) >= MOST_REMEMBERED:
                self._read.clear()
            found = self._read[cell] = moment_of(cell, self.order)
        return found

    def spans(self) -> "array[int]":
        """Return the time from start to end of each row in milliseconds, negative if it ends first; NONE without."""
        if not self.has_spans:
            return array("q", [NONE]) * len(self.starts)
        starts_and_ends = zip(self.starts, self.ends, strict=True)
        spans = array("q", (b - a if a != NONE and b != NONE else NONE for a, b in starts_and_ends))
        for row in self.whole_days:
            spans[row] = NONE
        return spans


def offset_of(moment: Moment) -> int:
    """Return what stands for the moment in an array of offsets."""
    if moment.offset is not None:
        return moment.offset
    return DAY_ALONE if moment.time is None else LOCAL


def iso_text(milliseconds: int, offset: int) -> str:
    """Return a moment in ISO 8601, in local time with the offset that it names; a date alone if it has no time."""
    if offset == DAY_ALONE:
        return (FIRST_DAY + timedelta(days=milliseconds // DAY_MILLISECONDS)).isoformat()
    if offset == LOCAL:
        return (EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
    hours, minutes = divmod(abs(offset), 60)
    local = EPOCH + timedelta(milliseconds=milliseconds + offset * MS_PER_MINUTE)
    return f"{local.isoformat()}{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


YES = word_set("true yes ja wahr ein an on x oui vrai si verdadero vero sim verdadeiro waar aan active attivo 1 y")


def cell_in(cells: Sequence[Cell], column: Column | None) -> Cell:
    """Return the row's cell in the column, text without spaces around it; empty if there is none."""
    if column is None or column.index >= len(cells):
        return ""
    cell = cells[column.index]
    return cell.strip() if isinstance(cell, str) else cell


def times_of(columns: Columns, sample: list[Line], person: Column | None) -> Times | None:
    """Return the columns of the table's moments, by what their cells hold; None if it has no dates and no times.

    `person` is the column that names who did the row.
    """
    order = order_of(columns, sample)
    start, end = (clock_of(group, sample, order) for group in (columns.starts, columns.ends))
    dates = [column for column in columns.dates if kind_of(column, sample, order) in ("day", "moment")]
    if not start.columns and not dates:
        return None
    unused = [
        column
        for group, clock in ((columns.starts, start), (columns.ends, end))
        for column in group
        if column not in clock.columns and kind_of(column, sample, order) in ("time", "moment")
    ]
    if not start.columns and not end.columns and columns.cases and kind_of(dates[0], sample, order) == "moment":
        # A process log with one timestamp for each event: when a case came to the task.
        start = Clock(moment=dates[0])
    all_day = columns.all_days[0] if columns.all_days else None
    return Times(start, end, order, dates[0] if dates else None, person, all_day, unused=unused)


def clock_of(group: list[Column], sample: list[Line], order: DayOrder) -> Clock:
    """Return which of the columns holds the moment, or the day and the time."""
    kinds: dict[str, Column] = {}
    for column in group:
        kinds.setdefault(kind_of(column, sample, order), column)
    if "moment" in kinds and "time" not in kinds:
        return Clock(moment=kinds["moment"])
    return Clock(day=kinds.get("day") or kinds.get("moment"), time=kinds.get("time"))


def kind_of(column: Column, sample: list[Line], order: DayOrder) -> str:
    """Return what most of the column's cells hold: `moment`, `day`, `time`, or empty for none of them."""
    found = [moment_of(cell, order) for line in sample if (cell := cell_in(line.cells, column)) != ""]
    counts = {
        "moment": sum(one.day is not None and one.time is not None for one in found),
        "day": sum(one.day is not None and one.time is None for one in found),
        "time": sum(one.day is None and one.time is not None for one in found),
    }
    best = max(counts, key=lambda kind: counts[kind])
    return best if counts[best] * 2 > len(found) else ""


def order_of(columns: Columns, sample: list[Line]) -> DayOrder:
    """Return the order of day and month in dates such as 3/4/2026: as a date proves, else as the spans are short."""
    group = [*columns.starts, *columns.ends, *columns.dates]
    texts = [str(cell_in(line.cells, column)) for column in group for line in sample]
    if (proven := day_order_of(texts)) is not None:
        return proven
    with_halves = any(text[-2:].lower() in ("am", "pm") for text in texts)
    likely: tuple[DayOrder, DayOrder] = ("mdy", "dmy") if with_halves else ("dmy", "mdy")
    return min(likely, key=lambda order: longest_days(columns, sample, order))


def longest_days(columns: Columns, sample: list[Line], order: DayOrder) -> int:
    """Return how many days, read in this order, lie between the starts and the ends of the sample."""
    days = 0
    for line in sample[:50]:
        ends = [
            next((day for c in group if (day := moment_of(cell_in(line.cells, c), order).day) is not None), None)
            for group in (columns.starts, columns.ends)
        ]
        if ends[0] is not None and ends[1] is not None:
            days += abs(ends[1] - ends[0])
    return days


def crosses_clock_change(start: int, end: int) -> bool:
    """Return True if a night in which clocks are changed in Europe or North America lies between the local times."""
    day = FIRST_DAY + timedelta(days=start // DAY_MILLISECONDS)
    last = FIRST_DAY + timedelta(days=end // DAY_MILLISECONDS)
    while day <= last:
        at_two = (day - FIRST_DAY).days * DAY_MILLISECONDS + 2 * 3_600_000
        if is_change_day(day) and start <= at_two < end:
            return True
        day += timedelta(days=1)
    return False


def is_change_day(day: date) -> bool:
    """Return True for the Sundays on which clocks are changed in Europe or in North America."""
    if day.weekday() != 6:
        return False
    if day.month in (3, 10) and day.day > 24:
        return True
    return (day.month == 3 and 8 <= day.day <= 14) or (day.month == 11 and day.day <= 7)
