"""The moments at which a row began and ended, read from their ISO 8601 text; a date alone has no time of day."""

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

from intake.spreadsheets.rows import Row

# A date outside these years is a typing error, or a zero that some program wrote as a date.
FIRST_YEAR, LAST_YEAR = 1900, 2199
# "2026-01-12" or "2026-W03-1"; whatever is longer has a time of day.
LONGEST_DATE = 10
LONGEST_MOMENT = 40
EPOCH = datetime(1970, 1, 1)

# What the parser of Python refuses: parts of one digit, 24:00, a space before the offset.
LOOSE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)


class Moment(NamedTuple):
    """A point in time as the clock on the wall showed it; `instant` is in ms since 1970, in UTC where known.

    Without an offset, `instant` takes the wall clock for UTC, so that moments of one file can be compared.
    `has_time` is False for a date alone.
    """

    wall: datetime
    instant: int
    has_time: bool


def moment_of(text: str | None) -> Moment | None:
    """Return the moment that the text names; None for no text, one of another form, or a year out of bounds."""
    if not text or len(text) > LONGEST_MOMENT:
        return None
    try:
        if len(text) <= LONGEST_DATE and ":" not in text:
            return moment(datetime.combine(date.fromisoformat(text), datetime.min.time()), has_time=False)
        return moment(datetime.fromisoformat(text), has_time=True)
    except (ValueError, OverflowError):
        return loose_moment(text)


def loose_moment(text: str) -> Moment | None:
    """Return the moment of a text in a form near ISO 8601; None if it is none."""
    if not (found := LOOSE.fullmatch(text.strip())):
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    clock = f"T{int(hour) % 24:02}:{minute}:{second or '00'}.{(fraction or '0')[:6]:0<6}{offset or ''}" if hour else ""
    try:
        at = datetime.fromisoformat(f"{year}-{int(month):02}-{int(day):02}{clock.upper()}")
        is_midnight = hour is not None and int(hour) == 24 and (at.minute, at.second) == (0, 0)
        if hour and int(hour) > 23 and not is_midnight:
            return None
        return moment(at + timedelta(days=is_midnight), has_time=hour is not None)
    except (ValueError, OverflowError):
        return None


def moment(at: datetime, *, has_time: bool) -> Moment | None:
    """Return the moment; None if its year is out of bounds."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        return None
    offset = at.utcoffset()
    if offset is None:
        return Moment(at, in_milliseconds(at - EPOCH), has_time)
    wall = at.replace(tzinfo=None)
    return Moment(wall, in_milliseconds(wall - EPOCH) - in_milliseconds(offset), has_time)


def in_milliseconds(time: timedelta) -> int:
    """Return the whole milliseconds of a time, rounded down."""
    return (time.days * 86_400 + time.seconds) * 1000 + time.microseconds // 1000


class Span(NamedTuple):
    """From when to when a row lasted: `start` has a time of day; the end is None where it is not known."""

    start: Moment
    end_instant: int | None

    @property
    def length(self) -> int:
        """Return the milliseconds from start to end; 0 if the end is not known."""
        return 0 if self.end_instant is None else self.end_instant - self.start.instant


def span_of(row: Row, milliseconds: int | None) -> Span | None:
    """Return the row's span; None unless its start is known or can be worked out, with a time of day.

    A start or an end that the row does not tell is worked out from the other one and the duration. So is an end that
    is not after the start: it is a typing error, or a log that notes one moment for both.
    """
    start, end = moment_of(row.get("started_at")), moment_of(row.get("ended_at"))
    if end is not None and not end.has_time:
        end = None
    if start is None and end is not None and milliseconds is not None:
        wall = moment(end.wall - timedelta(milliseconds=milliseconds), has_time=True)
        return Span(Moment(wall.wall, end.instant - milliseconds, True), end.instant) if wall else None
    if start is None or not start.has_time:
        return None
    if end is not None and end.instant > start.instant:
        return Span(start, end.instant)
    return Span(start, None if milliseconds is None else start.instant + milliseconds)


def milliseconds_of(minutes: float | None) -> int | None:
    """Return the duration as whole milliseconds, the unit in which the reader keeps durations; None without one."""
    return None if minutes is None else round(minutes * 60_000)
