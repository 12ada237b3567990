"""Read dates, times of day and moments as calendars, time trackers and spreadsheets write them."""

import re
from datetime import UTC, date, datetime
from typing import Literal, NamedTuple

from intake.spreadsheets.sheet import Cell, Elapsed
from intake.spreadsheets.units import DAY_MILLISECONDS
from intake.spreadsheets.words import without_accents

DayOrder = Literal["dmy", "mdy"]
EPOCH = datetime(1970, 1, 1)
EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY = date(1970, 1, 1)
# A moment outside these years is a typing error, or a number of something else.
YEARS = range(1990, 2100)
LONGEST_TEXT = 48
MONTH_NAMES = (
    "jan januar january janvier enero ene gennaio gen janeiro januari janv",
    "feb februar february fevrier fev febrero febbraio fevereiro februari fevr",
    "mar marz maerz mrz march mars marzo marco maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "jun juni june juin junio giugno giu junho",
    "jul juli july juillet juil julio luglio lug julho",
    "aug august aout agosto ago augustus",
    "sep sept september septembre septiembre settembre set setembro",
    "oct okt october oktober octobre octubre ottobre ott outubro out",
    "nov november novembre noviembre novembro",
    "dec dez december dezember decembre dic diciembre dicembre dezembro",
)
MONTHS = {name: month for month, names in enumerate(MONTH_NAMES, start=1) for name in names.split()}
# In seconds, from 1990 to 2080; in the days of spreadsheets, from 1990 to 2100.
EPOCH_SECONDS = 631_152_000
DAYS_OF_1970, DAYS_OF_1990, DAYS_OF_2100 = 25_569, 32_874, 73_051
NUMBER = re.compile(r"[0-9]{5}(?:\.[0-9]+)?|[0-9]{9,10}(?:\.[0-9]+)?|[0-9]{12,13}")
ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
NUMBERS = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
NAMED = re.compile(r"(\d{1,2})[.\s/-]*(?:de )?([a-z]{3,10})\.?[\s/,-]*(?:de )?(\d{4}|\d{2})")
NAMED_FIRST = re.compile(r"([a-z]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
TIME = re.compile(
    r"(\d{1,2})[:.h](\d{2})?(?:[:.m](\d{2})(?:[.,](\d{1,9}))?)?s?\s*(?:(a|p)\.?\s?m\.?)?(?: ?(?:uhr|h|hrs|u))?"
)
WEEKDAY = re.compile(r"^[a-z]{2,10}\.?,? (?=\d|[a-z]{3,10}\.? \d)")


class Moment(NamedTuple):
    """A day (counted from 1970) and a time of day in milliseconds; either may be missing.

    `offset` is the offset from UTC in minutes that the cell names; day and time are then those of UTC.
    """

    day: int | None
    time: int | None
    offset: int | None = None


NOTHING = Moment(None, None)


def moment_of(cell: Cell, order: DayOrder = "dmy") -> Moment:
    """Return the date and time of the cell, each None where it has none. `order` is that of dates such as 3/4/2026."""
    if isinstance(cell, Elapsed):
        is_time = 0 <= cell.milliseconds <= DAY_MILLISECONDS
        return Moment(None, cell.milliseconds) if is_time else NOTHING
    if isinstance(cell, float):
        return moment_of_number(cell)
    if not isinstance(cell, str):
        return NOTHING
    if NUMBER.fullmatch(cell):
        return moment_of_number(float(cell))
    if len(cell) > 15 and cell[4:5] == "-" and (found := iso_moment(cell)) is not None:
        return found
    if not cell or len(cell) > LONGEST_TEXT:
        return NOTHING
    return moment_of_text(cell, order)


def iso_moment(text: str) -> Moment | None:
    """Return the moment of an ISO 8601 text, brought to UTC if it names its offset; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        trimmed = text.strip()
        named = f"{trimmed.removesuffix(' UTC')}+00:00" if trimmed.endswith(" UTC") else trimmed
        return iso_moment(named) if named != text else None
    if moment.year not in YEARS:
        return NOTHING
    ahead = moment.utcoffset()
    since = moment - (EPOCH if ahead is None else EPOCH_UTC)
    offset = None if ahead is None else ahead.days * 1440 + ahead.seconds // 60
    return Moment(since.days, since.seconds * 1000 + since.microseconds // 1000, offset)


def moment_of_number(number: float) -> Moment:
    """Return the moment of a number: seconds or milliseconds since 1970, or the days that spreadsheets count."""
    if EPOCH_SECONDS <= number < EPOCH_SECONDS * 4 or EPOCH_SECONDS <= number / 1000 < EPOCH_SECONDS * 4:
        total = round(number * 1000 if number < EPOCH_SECONDS * 4 else number)
        return Moment(total // DAY_MILLISECONDS, total % DAY_MILLISECONDS, offset=0)
    if DAYS_OF_1990 <= number < DAYS_OF_2100:
        total = round((number - DAYS_OF_1970) * DAY_MILLISECONDS)
        time = total % DAY_MILLISECONDS
        return Moment(total // DAY_MILLISECONDS, time if number % 1 else None)
    return NOTHING


def moment_of_text(text: str, order: DayOrder) -> Moment:
    """Return the date and time of a text in any of the usual forms; each None where the text has none."""
    lowered = " ".join(without_accents(text.casefold()).split())
    if (time := time_of(lowered)) is not None:
        return Moment(None, time)
    lowered = WEEKDAY.sub("", lowered) if not lowered[:1].isdigit() and NAMED_FIRST.match(lowered) is None else lowered
    day, end = day_at_start(lowered, order)
    if day is None:
        return NOTHING
    rest = lowered[end:].strip(" ,t-")
    if not rest:
        return Moment(day, None)
    time = time_of(rest.removeprefix("at ").removeprefix("um "))
    return NOTHING if time is None else Moment(day, time)


def day_at_start(text: str, order: DayOrder) -> tuple[int | None, int]:
    """Return the day with which the text begins, counted from 1970, and where it ends; (None, 0) if there is none."""
    if match := ISO_DATE.match(text):
        year, month, day = map(int, match.groups())
    elif match := NUMBERS.match(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        day, month = (second, first) if order == "mdy" and match[2] != "." else (first, second)
        day, month = (month, day) if month > 12 >= day else (day, month)
    elif match := NAMED.match(text):
        day, month, year = int(match[1]), MONTHS.get(match[2], 0), int(match[3])
    elif match := NAMED_FIRST.match(text):
        day, month, year = int(match[2]), MONTHS.get(match[1], 0), int(match[3])
    else:
        return None, 0
    year += 2000 if year < 100 else 0
    try:
        return ((date(year, month, day) - FIRST_DAY).days if year in YEARS else None), match.end()
    except ValueError:
        return None, 0


def time_of(text: str) -> int | None:
    """Return a time of day in milliseconds, `24:00` as the end of the day; None if the text is none."""
    match = TIME.fullmatch(text)
    if match is None or not (match[2] or match[5]):
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.group(1, 2, 3))
    if match[5]:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if match[5] == "p" else 0)
    if minutes > 59 or seconds > 59 or hours * 60 + minutes > 24 * 60:
        return None
    milliseconds = int((match[4] or "0")[:3].ljust(3, "0"))
    return (hours * 3600 + minutes * 60 + seconds) * 1000 + milliseconds


def day_order_of(texts: list[str]) -> DayOrder | None:
    """Return the order of day and month that dates such as 25/3/2026 prove; None if none of them does."""
    matches = [match for text in texts if (match := NUMBERS.match(text.strip())) and match[2] != "."]
    if any(int(match[1]) > 12 for match in matches):
        return "dmy"
    return "mdy" if any(int(match[3]) > 12 for match in matches) else None
