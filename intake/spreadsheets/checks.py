"""What a person should know about the rows of a table: overlaps, impossible lengths, dates to come, rows twice."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice

from intake.spreadsheets.choosing import Durations
from intake.spreadsheets.durations import Kind
from intake.spreadsheets.evidence import MISSING
from intake.spreadsheets.moments import FIRST_DAY
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import MS_PER_MINUTE, NO_PHRASE
from intake.spreadsheets.spans import NONE, Times, crosses_clock_change
from intake.spreadsheets.survey import Survey
from intake.spreadsheets.units import DAY_MILLISECONDS

# How many rows a note names; it says how many there are.
MOST_NAMED = 5
# Above this number of rows with start and end, overlaps are not looked for: they take memory.
MOST_INTERVALS = 100_000
# The clocks of two programs may differ by this much.
OVERLAP_MILLISECONDS = MS_PER_MINUTE

Note = tuple[int, Phrase]

FEW_NAMED = gettext_noop(
    "Only %(named)s of %(rows)s rows name a category, each one once: if it is that of the rows below it too, "
    "fill it in there."
)
ONE_ROW = gettext_noop("Row %(rows)s: %(what)s.")
FEW_ROWS = gettext_noop("Rows %(rows)s: %(what)s.")
MANY_ROWS = gettext_noop("Rows %(rows)s and %(more)s more: %(what)s.")
# What is said about rows after their numbers.
TWICE = Phrase(gettext_noop("exactly the same as an earlier row; counted again"))
OVER_A_DAY = Phrase(gettext_noop("longer than 24 hours"))
WITHOUT_DURATION = Phrase(gettext_noop("without a duration"))
IN_THE_FUTURE = Phrase(gettext_noop("in the future"))
NO_SPAN = Phrase(gettext_noop("no start and end that can be read"))
ENDED_FIRST = Phrase(gettext_noop("ended before it began"))
OVERNIGHT = Phrase(gettext_noop("taken to end on the day after its start"))
ALL_DAY = Phrase(gettext_noop("an all-day entry, which says no duration"))
CLOCK_CHANGE = Phrase(gettext_noop("over a night in which clocks may change; an hour may be wrong"))
CROWDED = Phrase(gettext_noop("on a day for which a person has more than 24 hours"))
OVER_SPAN = Phrase(gettext_noop("longer than the time from start to end"))
OVERLAPPING = Phrase(gettext_noop("at the same time as another row of the same person"))


def notes_about(survey: Survey, durations: Durations, left_out: Iterable[int], today: date) -> list[Note]:
    """Return (index of the row, sentence) for everything that is odd about the rows as a whole."""
    skipped = set(left_out)
    rows = array("L", (row for row in range(len(survey)) if row not in skipped))
    notes = list(long_rows(survey, durations, rows))
    if survey.times is not None:
        notes += about_times(survey, durations, rows, today)
    if about := only_some_named(survey.categories, len(rows)):
        notes.append((rows[0], about))
    if survey.duplicates:
        notes.append(said(survey, survey.duplicates, TWICE))
    return notes


def only_some_named(categories: Counter[str], rows: int) -> Phrase:
    """Return what to say about categories that are each named once and in few rows; empty in any other table."""
    named = sum(categories.values())
    is_odd = len(categories) > 1 and named == len(categories) and named * 2 <= rows
    return Phrase(FEW_NAMED, named=named, rows=rows) if is_odd else NO_PHRASE


def said(survey: Survey, rows: Sequence[int], what: Phrase) -> Note:
    """Return a note about the rows: it stands at the first one and names a few of them."""
    return rows[0], named_rows([survey.numbers[row] for row in rows[:MOST_NAMED]], len(rows), what)


def named_rows(first: Sequence[int], count: int, what: Phrase) -> Phrase:
    """Return the sentence about so many rows, of which the numbers of the first are named."""
    named = ", ".join(map(str, first))
    if count > MOST_NAMED:
        return Phrase(MANY_ROWS, rows=named, more=count - MOST_NAMED, what=what)
    return Phrase(FEW_ROWS if count > 1 else ONE_ROW, rows=named, what=what)


def long_rows(survey: Survey, durations: Durations, rows: "array[int]") -> Iterator[Note]:
    """Yield a note about rows of more than a day, and in a workbook about rows without a duration."""
    long = [row for row in rows if durations.milliseconds[row] > DAY_MILLISECONDS]
    if long:
        yield said(survey, long, OVER_A_DAY)
    if durations.values is not None and survey.is_workbook:
        # In some workbooks a failed formula cannot be told from an empty cell.
        kinds = durations.values.kinds
        empty = [r for r in rows if durations.milliseconds[r] == MISSING and kinds[r] == Kind.EMPTY]
        if empty:
            yield said(survey, empty, WITHOUT_DURATION)


def about_times(survey: Survey, durations: Durations, rows: "array[int]", today: date) -> Iterator[Note]:
    """Yield notes about starts and ends: overlaps, ends before starts, dates to come, nights of a clock change."""
    times = survey.times
    assert times is not None
    spans = times.spans()
    now = ((today - FIRST_DAY).days + 1) * DAY_MILLISECONDS
    kinds: dict[Phrase, list[int]] = {
        IN_THE_FUTURE: [row for row in rows if times.starts[row] >= now],
        NO_SPAN: unread_spans(times, spans, rows) if durations.from_times else [],
        ENDED_FIRST: [row for row in rows if NONE < spans[row] < 0],
        OVERNIGHT: overnight(times, rows) if durations.from_times else [],
        ALL_DAY: sorted(times.whole_days & set(rows)),
        CLOCK_CHANGE: clock_changes(times, durations, rows),
        CROWDED: crowded_days(times, durations, rows),
        OVER_SPAN: longer_than_span(spans, durations, rows),
        OVERLAPPING: overlapping(times, rows),
    }
    for what, found in kinds.items():
        if found:
            yield said(survey, found, what)


def unread_spans(times: Times, spans: "array[int]", rows: "array[int]") -> list[int]:
    """Return the rows without a span, but for those that last all day."""
    return [row for row in rows if spans[row] == NONE and row not in times.whole_days]


def overnight(times: Times, rows: "array[int]") -> list[int]:
    """Return the rows whose end lies on the next day without a date of its own saying so."""
    if not times.overnight or times.end.day or times.end.moment:
        return []
    return [
        r
        for r in rows
        if times.ends[r] != NONE and times.ends[r] // DAY_MILLISECONDS > times.starts[r] // DAY_MILLISECONDS
    ]


def clock_changes(times: Times, durations: Durations, rows: "array[int]") -> list[int]:
    """Return the rows whose duration was computed over a night in which clocks may have been changed."""
    if times.has_offsets or not times.has_spans:
        return []
    counted = rows if durations.from_times else durations.filled
    return [
        r
        for r in counted
        if times.ends[r] != NONE
        and times.starts[r] >= DAY_MILLISECONDS
        and crosses_clock_change(times.starts[r], min(times.ends[r], times.starts[r] + 10 * DAY_MILLISECONDS))
    ]


def crowded_days(times: Times, durations: Durations, rows: "array[int]") -> list[int]:
    """Return the first row of each day on which one person has more than 24 hours in more than one row."""
    if times.person is None:
        return []
    # For each person and day: the sum, how many rows, and the first of them.
    days: dict[tuple[int, int], tuple[int, int, int]] = {}
    for row in rows:
        start, value = times.starts[row], durations.milliseconds[row]
        if start > 0 and value != MISSING:
            key = (times.persons[row], start // DAY_MILLISECONDS)
            total, count, first = days.get(key, (0, 0, row))
            days[key] = (total + value, count + 1, first)
    return sorted(first for total, count, first in days.values() if total > DAY_MILLISECONDS and count > 1)


def longer_than_span(spans: "array[int]", durations: Durations, rows: "array[int]") -> list[int]:
    """Return the rows whose duration is longer than the time from their start to their end."""
    if durations.from_times:
        return []
    values = durations.milliseconds
    return [row for row in rows if 0 <= spans[row] < values[row] - MS_PER_MINUTE]


def overlapping(times: Times, rows: "array[int]") -> list[int]:
    """Return the rows that begin before an earlier row of the same person has ended."""
    if not times.has_spans:
        return []
    with_times = (r for r in rows if times.ends[r] != NONE and times.starts[r] >= DAY_MILLISECONDS)
    timed = list(islice((row for row in with_times if row not in times.whole_days), MOST_INTERVALS + 1))
    if len(timed) > MOST_INTERVALS:
        return []
    timed.sort(key=lambda row: (times.persons[row], times.starts[row], times.ends[row]))
    found, person, until = [], -1, 0
    for row in timed:
        if times.persons[row] == person and times.starts[row] + OVERLAP_MILLISECONDS < until:
            found.append(row)
        until = max(times.ends[row], until if times.persons[row] == person else 0)
        person = times.persons[row]
    return sorted(found)
