"""Turn durations as people write them into minutes. A text that could mean two durations is refused, never guessed."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from django.utils.dateparse import parse_duration

from intake.spreadsheets.rows import MOST_MINUTES

# A working day has eight hours.
SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 8 * 3600}
SPELLINGS = {
    "s": "s sec secs second seconds sekunde sekunden",
    "min": "m min mins minute minutes minuten minuto minutos minuut",
    "h": "h hr hrs hour hours std stunde stunden heure heures hora horas uur uren",
    "d": "d day days tag tage jour jours dia dias dag dagen",
}
UNITS: dict[str, str] = {word: unit for unit, words in SPELLINGS.items() for word in words.split()}

DecimalMark = Literal[".", ","]

LONGEST_TEXT = 64
CLOCK = re.compile(r"([0-9]{1,6}):([0-5][0-9])(?::([0-5][0-9](?:[.,][0-9]{1,6})?))?(?: ?(?:h|hrs?|hours?))?")
HOURS_AND_MINUTES = re.compile(r"([0-9]{1,6}) ?h ?([0-5][0-9])")
PART = re.compile(r"(?P<number>[0-9][0-9.,' ]*)(?P<unit>[a-z]+)\.?(?:,? (?:and )?|$)?")
PLAIN_NUMBER = re.compile(r"[0-9]+")
SINGLE_MARK = re.compile(r"([0-9]+)([.,])([0-9]+)")
GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<group>[.,' ])[0-9]{3})(?:(?P=group)[0-9]{3})*(?:(?P<mark>[.,])[0-9]+)?")


class UnreadableDuration(ValueError):
    """The text is not a duration, or could mean more than one; the message lists the accepted forms."""

    def __init__(self, text: str, reason: str = "is not a duration") -> None:
        accepted = "90, 1.5h, 45m, 2 hours, 1.5d, 1:30, 01:30:00, 1h 30m, PT1H30M"
        super().__init__(f"“{text[:LONGEST_TEXT]}” {reason}. Write it like one of: {accepted}.")


def parse_minutes(text: str, *, unit: str = "min", decimal: DecimalMark = ".") -> float:
    """Return the duration in minutes; seconds become fractions of a minute. Raises UnreadableDuration.

    `unit` (s, min, h or d) is the unit of a number without one; `decimal` is the decimal mark where `1,234` could
    be read two ways. A day has eight working hours; `1:30` is an hour and a half.
    """
    normalized = " ".join(text.casefold().replace("’", "'").split())
    if not normalized or len(normalized) > LONGEST_TEXT:
        raise UnreadableDuration(text)
    if normalized.startswith("p"):
        return in_minutes(iso_seconds(normalized, text), text)
    if match := CLOCK.fullmatch(normalized):
        return in_minutes(clock_seconds(*match.groups()), text)
    if match := HOURS_AND_MINUTES.fullmatch(normalized):
        return in_minutes(clock_seconds(*match.groups()), text)
    if normalized[-1].isdigit():
        return in_minutes(parse_number(normalized, decimal, text) * SECONDS[unit], text)
    return in_minutes(parts_seconds(normalized, decimal, text), text)


def in_minutes(seconds: Decimal, text: str) -> float:
    """Return the seconds in minutes. Raises UnreadableDuration above MOST_MINUTES."""
    minutes = seconds / 60
    if minutes > MOST_MINUTES:
        raise UnreadableDuration(text, f"is longer than {MOST_MINUTES:,} minutes")
    return float(minutes)


def clock_seconds(hours: str, minutes: str, seconds: str | None = None) -> Decimal:
    """Return h:mm or h:mm:ss in seconds."""
    return Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal((seconds or "0").replace(",", "."))


def iso_seconds(normalized: str, text: str) -> Decimal:
    """Return an ISO 8601 duration of hours, minutes and seconds (`pt1h30m`) in seconds. Raises UnreadableDuration.

    Days are refused: an ISO day has 24 hours, a working day here has 8.
    """
    if re.match("p[0-9]", normalized):
        raise UnreadableDuration(text, "is not clear: a calendar day has 24 hours, a working day 8")
    if not re.match("pt[0-9]", normalized):
        raise UnreadableDuration(text)
    try:
        duration = parse_duration(normalized.upper())
    except (ValueError, OverflowError, ArithmeticError):
        duration = None
    if duration is None:
        raise UnreadableDuration(text)
    return Decimal(duration // timedelta(microseconds=1)) / 1_000_000


def parts_seconds(normalized: str, decimal: DecimalMark, text: str) -> Decimal:
    """Return `1h 30m`, `2 hours` or `1.5d` in seconds. Raises UnreadableDuration.

    Each unit may occur once, from large to small, and only the last number may have a fraction.
    """
    total, position, last_size, has_fraction = Decimal(0), 0, None, False
    while position < len(normalized):
        match = PART.match(normalized, position)
        unit = UNITS.get(match["unit"]) if match else None
        if match is None or unit is None:
            raise UnreadableDuration(text)
        number = parse_number(match["number"].strip(), decimal, text)
        if has_fraction or (last_size is not None and SECONDS[unit] >= last_size):
            raise UnreadableDuration(text)
        total += number * SECONDS[unit]
        position, last_size, has_fraction = match.end(), SECONDS[unit], number % 1 != 0
    return total


def parse_number(number: str, decimal: DecimalMark, text: str) -> Decimal:
    """Return the number, which may have a decimal mark and thousands marks. Raises UnreadableDuration if unclear."""
    if PLAIN_NUMBER.fullmatch(number):
        return Decimal(number)
    if (match := SINGLE_MARK.fullmatch(number)) and not is_unclear(match, decimal):
        return Decimal(f"{match[1]}.{match[3]}")
    match = GROUPED.fullmatch(number)
    if match is None or match["group"] == match["mark"]:
        raise UnreadableDuration(text)
    if SINGLE_MARK.fullmatch(number):
        raise UnreadableDuration(text, "could be thousands or a fraction")
    integer, fraction = number.rsplit(match["mark"], 1) if match["mark"] else (number, "0")
    return Decimal(f"{integer.replace(match['group'], '')}.{fraction}")


def is_unclear(match: re.Match[str], decimal: DecimalMark) -> bool:
    """Return True if the number's one mark may separate thousands: `1,234`, unless the comma is the decimal mark."""
    integer, mark, fraction = match.groups()
    return mark != decimal and len(fraction) == 3 and len(integer) <= 3 and integer.strip("0") != ""
