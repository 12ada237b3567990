"""Durations as people write them, in minutes. What could mean two things is refused, never guessed."""

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
    """The text is no duration, or could be more than one."""

    def __init__(self, text: str, reason: str = "is not a duration") -> None:
        accepted = "90, 1.5h, 45m, 2 hours, 1.5d, 1:30, 01:30:00, 1h 30m, PT1H30M"
        super().__init__(f"“{text[:LONGEST_TEXT]}” {reason}. Write it like one of: {accepted}.")


def parse_minutes(text: str, *, unit: str = "min", decimal: DecimalMark = ".") -> float:
    """The duration in minutes, seconds as fractions. Raises UnreadableDuration.

    `unit` (s, min, h or d) is what a bare number counts; `decimal` is the mark that decides for `1,234`.
    A day has eight working hours, `1:30` is an hour and a half.
    """
    said = " ".join(text.casefold().replace("’", "'").split())
    if not said or len(said) > LONGEST_TEXT:
        raise UnreadableDuration(text)
    if said.startswith("p"):
        return in_minutes(iso_seconds(said, text), text)
    if match := CLOCK.fullmatch(said):
        return in_minutes(clock_seconds(*match.groups()), text)
    if match := HOURS_AND_MINUTES.fullmatch(said):
        return in_minutes(clock_seconds(*match.groups()), text)
    if said[-1].isdigit():
        return in_minutes(amount(said, decimal, text) * SECONDS[unit], text)
    return in_minutes(parts_seconds(said, decimal, text), text)


def in_minutes(seconds: Decimal, text: str) -> float:
    """Seconds as minutes, unless nobody works that long."""
    minutes = seconds / 60
    if minutes > MOST_MINUTES:
        raise UnreadableDuration(text, f"is longer than {MOST_MINUTES:,} minutes")
    return float(minutes)


def clock_seconds(hours: str, minutes: str, seconds: str | None = None) -> Decimal:
    """h:mm or h:mm:ss in seconds."""
    return Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal((seconds or "0").replace(",", "."))


def iso_seconds(said: str, text: str) -> Decimal:
    """An ISO 8601 duration of hours, minutes and seconds; its days would have 24 hours and ours have 8."""
    if re.match("p[0-9]", said):
        raise UnreadableDuration(text, "is not clear: a calendar day has 24 hours, a working day 8")
    if not re.match("pt[0-9]", said):
        raise UnreadableDuration(text)
    try:
        duration = parse_duration(said.upper())
    except (ValueError, OverflowError, ArithmeticError):
        duration = None
    if duration is None:
        raise UnreadableDuration(text)
    return Decimal(duration // timedelta(microseconds=1)) / 1_000_000


def parts_seconds(said: str, decimal: DecimalMark, text: str) -> Decimal:
    """`1h 30m`, `2 hours`, `1.5d`: each unit once, from large to small, a fraction only in the last."""
    total, at, last_size, fraction = Decimal(0), 0, None, False
    while at < len(said):
        match = PART.match(said, at)
        unit = UNITS.get(match["unit"]) if match else None
        if match is None or unit is None:
            raise UnreadableDuration(text)
        number = amount(match["number"].strip(), decimal, text)
        if fraction or (last_size is not None and SECONDS[unit] >= last_size):
            raise UnreadableDuration(text)
        total += number * SECONDS[unit]
        at, last_size, fraction = match.end(), SECONDS[unit], number % 1 != 0
    return total


def amount(number: str, decimal: DecimalMark, text: str) -> Decimal:
    """The number, with either decimal mark and with thousands marks, where it can mean only one thing."""
    if PLAIN_NUMBER.fullmatch(number):
        return Decimal(number)
    if (match := SINGLE_MARK.fullmatch(number)) and not is_unclear(match, decimal):
        return Decimal(f"{match[1]}.{match[3]}")
    match = GROUPED.fullmatch(number)
    if match is None or match["group"] == match["mark"]:
        raise UnreadableDuration(text)
    if SINGLE_MARK.fullmatch(number):
        raise UnreadableDuration(text, "could be thousands or a fraction")
    whole, fraction = number.rsplit(match["mark"], 1) if match["mark"] else (number, "0")
    return Decimal(f"{whole.replace(match['group'], '')}.{fraction}")


def is_unclear(match: re.Match[str], decimal: DecimalMark) -> bool:
    """Whether the one mark could as well separate thousands: `1,234`, unless the comma is the decimal mark."""
    whole, mark, rest = match.groups()
    return mark != decimal and len(rest) == 3 and len(whole) <= 3 and whole.strip("0") != ""
