"""Read a duration as people write it, as far as the cell alone says what it means; the column decides the rest.

A cell gives a `Quantity`: a duration in whole milliseconds, or a number whose unit the column has to say, or a clock
time of two parts. A text that means no duration is refused with the reason, never guessed.
"""

import re
import unicodedata
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Literal, NamedTuple

from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.rows import MOST_MINUTES
from intake.spreadsheets.sheet import MS_PER_MINUTE, NO_PHRASE, BrokenCell, Cell, Elapsed, cell_text
from intake.spreadsheets.units import DAY_MILLISECONDS, MILLISECONDS, UNITS

# Numbers without a unit are kept as whole billionths: 64 bits hold them exactly.
SCALE = 1_000_000_000
LARGEST_NUMBER = 9_000_000_000
MOST_MILLISECONDS = MOST_MINUTES * MS_PER_MINUTE

Fault = Phrase | tuple[str, str]
DecimalMark = Literal[".", ",", ""]
LONGEST_TEXT = 64


class Kind(IntEnum):
    """What a cell says: nothing, a number without a unit, a duration, a clock time, or nothing that can be read.

    COMMA and DOT are numbers such as `1,234`, whose mark may stand for thousands or for a fraction.
    """

    EMPTY, BARE, FIXED, CLOCK, COMMA, DOT, UNREADABLE = range(7)


class Quantity(NamedTuple):
    """What a cell says. `value` counts milliseconds, or billionths of a number without a unit.

    A clock time of two parts is counted as hours and minutes. `mark` is the decimal mark that the number proves;
    `unit` is the one unit that a text names.
    `fault` is why it cannot be read: a phrase, or the template of one and the text of the cell.
    """

    kind: Kind
    value: int = 0
    fault: Fault = NO_PHRASE
    mark: str = ""
    unit: str = ""

    @property
    def message(self) -> Phrase:
        """Why the cell cannot be read. It is built only when asked for: most of many such warnings are only counted."""
        if isinstance(self.fault, Phrase):
            return self.fault
        reason, text = self.fault
        values = {"most": int(MOST_MINUTES)} if reason == TOO_LONG else {}
        return Phrase(reason, text=text, forms=ACCEPTED, **values)


EMPTY = Quantity(Kind.EMPTY)
CLOCK = re.compile(r"([0-9]{1,6}):([0-9]{2})(?::([0-5][0-9](?:[.,][0-9]{1,9})?))?(?: ?([a-z]{1,9})\.?)?")
DAYS_AND_CLOCK = re.compile(r"([0-9]{1,4})(?: days?,? |\.)([0-2]?[0-9]):([0-5][0-9]):([0-5][0-9](?:[.,][0-9]{1,9})?)")
# What spreadsheets write into a text for a time without a date.
DAY_ZERO_CLOCK = re.compile(r"1899-12-30[ t]([0-2]?[0-9]):([0-5][0-9]):([0-5][0-9](?:[.,][0-9]{1,9})?)z?")
HOURS_AND_MINUTES = re.compile(r"([0-9]{1,6}) ?([a-z]{1,9}) ?([0-5][0-9])")
TIME_OF_DAY = re.compile(r"[0-9]{1,2}[:.][0-9]{2}(?::[0-9]{2})? ?[ap]\.?m\.?")
TWICE = re.compile(r"([^()]{1,30}?) ?\(([^()]{1,30})\)")
PART = re.compile(r"(?P<number>[0-9][0-9.,' ]*)(?P<unit>[a-z]+)\.?(?:,? ?(?:(?:and|und|et|y|e|en) )?|$)?")
# Most numbers are read at once: a fraction of three places is none of them, its dot may separate thousands.
COMMON_NUMBER = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}|[0-9]{4,9}))?")
PLAIN_NUMBER = re.compile(r"[0-9]+")
SINGLE_MARK = re.compile(r"([0-9]+)([.,])([0-9]+)")
GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<group>[.,' ])[0-9]{3})(?:(?P=group)[0-9]{3})*(?:(?P<mark>[.,])[0-9]+)?")
# What calculators and databases write: very small and very large numbers with an exponent.
EXPONENT = re.compile(r"[0-9](?:\.[0-9]+)?e-[0-9]{1,2}")
FRACTIONS = {"½": "5", "¼": "25", "¾": "75"}
FRACTION_SIGN = re.compile("([0-9]{0,9}) ?([½¼¾])")
ACCEPTED = "90, 1.5h, 45m, 2 hours, 1.5d, 1:30, 01:30:00, 1h 30m, PT1H30M"
NO_DURATION = gettext_noop("“%(text)s” is not a duration. Write it like one of: %(forms)s.")
NEGATIVE = gettext_noop("“%(text)s” is negative. Write it like one of: %(forms)s.")
TIME_ALONE = gettext_noop("“%(text)s” is a time of day and no duration. Write it like one of: %(forms)s.")
TWO_DURATIONS = gettext_noop("“%(text)s” names two different durations. Write it like one of: %(forms)s.")
TOO_LARGE = gettext_noop("“%(text)s” is too large for a duration. Write it like one of: %(forms)s.")
TOO_LONG = gettext_noop("“%(text)s” is longer than %(most)s minutes. Write it like one of: %(forms)s.")
UNCLEAR_DAY = gettext_noop(
    "“%(text)s” is not clear: a calendar day has 24 hours, a working day 8. Write it like one of: %(forms)s."
)
OTHER_UNIT = gettext_noop("“%(cell)s” cannot be read in the unit of the column.")
UNCLEAR_MARK = gettext_noop("“%(text)s” could be thousands or a fraction. Write it like one of: %(forms)s.")


class UnreadableDuration(ValueError):
    """The text is not a duration, or could mean more than one; the message lists the accepted forms."""

    def __init__(self, text: str, reason: str = NO_DURATION) -> None:
        self.fault = (reason, text[:LONGEST_TEXT])
        super().__init__(reason, text)


def quantity_of(cell: Cell, decimal: DecimalMark = "") -> Quantity:
    """Return what the cell says; `decimal` is the decimal mark of the column's numbers, if it is known."""
    if isinstance(cell, str):
        return quantity_of_text(cell, decimal)
    if isinstance(cell, Elapsed):
        return fixed(Decimal(cell.milliseconds) / 1000, str(cell))
    if isinstance(cell, BrokenCell):
        return Quantity(Kind.UNREADABLE, fault=cell.reason)
    shown = f"{cell:.15g}"
    if cell < 0:
        return Quantity(Kind.UNREADABLE, fault=(NEGATIVE, shown))
    return bare(Decimal(cell), shown)


def quantity_of_text(text: str, decimal: DecimalMark = "") -> Quantity:
    """Return what the text says; a text that is no duration gives the reason as `fault`."""
    if match := COMMON_NUMBER.fullmatch(text):
        fraction = match[2] or ""
        return Quantity(
            Kind.BARE, int(match[1]) * SCALE + int(fraction.ljust(9, "0") or 0), mark="." if fraction else ""
        )
    normalized = plain(text)
    if not normalized:
        return EMPTY
    try:
        if len(normalized) > LONGEST_TEXT:
            raise UnreadableDuration(text)
        return read_text(completed(normalized), decimal, text)
    except UnreadableDuration as error:
        return Quantity(Kind.UNREADABLE, fault=error.fault)


def plain(text: str) -> str:
    """Return the text in lower case, without accents, with single spaces and plain fractions and quotation marks."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFD", text.casefold())
    bare_letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    bare_letters = FRACTION_SIGN.sub(lambda match: f"{match[1] or 0}.{FRACTIONS[match[2]]}", bare_letters)
    return " ".join(bare_letters.translate(str.maketrans("’′−", "''-")).split())


def completed(text: str) -> str:
    """Return the text with the zero that people leave out before a dot, and `90'` as minutes."""
    text = f"0{text}" if text[:1] == "." else text
    return f"{text[:-1]}min" if text.endswith("'") else text


def read_text(normalized: str, decimal: DecimalMark, text: str) -> Quantity:
    """Return what the normalized text says. Raises UnreadableDuration."""
    require_duration(normalized, text)
    if normalized[0] == "p":
        return fixed(iso_seconds(normalized, text), text)
    if ":" in normalized and (found := read_clock(normalized, text)) is not None:
        return found
    if (match := HOURS_AND_MINUTES.fullmatch(normalized)) and UNITS.get(match[2]) == "h":
        return fixed(clock_seconds(match[1], match[3]), text, "h")
    if match := TWICE.fullmatch(normalized):
        return read_twice(match, decimal, text)
    if normalized[-1].isdigit():
        return read_number(normalized, decimal, text)
    return read_parts(normalized, decimal, text)


def require_duration(normalized: str, text: str) -> None:
    """Raise UnreadableDuration for a negative number, and for a time of day."""
    if normalized[0] == "-" and normalized[1:2].isdigit():
        raise UnreadableDuration(text, NEGATIVE)
    if TIME_OF_DAY.fullmatch(normalized):
        raise UnreadableDuration(text, TIME_ALONE)


def read_clock(normalized: str, text: str) -> Quantity | None:
    """Return a text with colons as a duration; None if it is none. Two parts without a unit are a CLOCK."""
    if match := DAY_ZERO_CLOCK.fullmatch(normalized):
        return fixed(clock_seconds(*match.groups()), text)
    if match := DAYS_AND_CLOCK.fullmatch(normalized):
        days, *clock = match.groups()
        return fixed(Decimal(days) * DAY_MILLISECONDS / 1000 + clock_seconds(*clock), text)
    match = CLOCK.fullmatch(normalized)
    if match is None or (int(match[2]) > 59 and int(match[1]) > 0):
        return None
    hours, minutes, seconds, word = match.groups()
    if word and UNITS.get(word) == "min" and seconds is None and int(minutes) < 60:
        return fixed(Decimal(hours) * 60 + Decimal(minutes), text, "mm:ss")
    if word and UNITS.get(word) != "h":
        return None
    found = fixed(clock_seconds(hours, minutes, seconds), text, "h:mm:ss" if seconds else "")
    is_open = seconds is None and not word and int(minutes) < 60
    return found._replace(kind=Kind.CLOCK) if is_open else found


def read_twice(match: re.Match[str], decimal: DecimalMark, text: str) -> Quantity:
    """Return a duration that is written twice, `1:30 (1.50)`. Raises UnreadableDuration if the two differ."""
    first, second = (read_text(part.strip(), decimal, text) for part in match.groups())
    if first.kind not in (Kind.FIXED, Kind.CLOCK):
        first, second = second, first
    if first.kind not in (Kind.FIXED, Kind.CLOCK):
        raise UnreadableDuration(text)
    readings = [second.value] if second.kind in (Kind.FIXED, Kind.CLOCK) else []
    if second.kind in (Kind.BARE, Kind.DOT, Kind.COMMA):
        readings = [second.value * MILLISECONDS[unit] // SCALE for unit in ("h", "min", "s")]
    # The decimal form is rounded to hundredths of an hour.
    if not any(abs(reading - first.value) <= MILLISECONDS["h"] // 100 for reading in readings):
        raise UnreadableDuration(text, TWO_DURATIONS)
    return first._replace(kind=Kind.FIXED)


def read_number(number: str, decimal: DecimalMark, text: str) -> Quantity:
    """Return a number without a unit. Raises UnreadableDuration if it is none, or too large."""
    if EXPONENT.fullmatch(number):
        return bare(Decimal(number), text)
    single = SINGLE_MARK.fullmatch(number)
    if single and not decimal and is_unclear(single):
        found = bare(Decimal(f"{single[1]}.{single[3]}"), text)
        return found._replace(kind=Kind.COMMA if single[2] == "," else Kind.DOT)
    found = bare(parse_number(number, decimal, text), text)
    match = GROUPED.fullmatch(number)
    proves = single[2] if single and not is_unclear(single) else match["mark"] if match and not single else ""
    return found._replace(mark=proves or "")


def bare(number: Decimal, text: str) -> Quantity:
    """Return a number without a unit. Raises UnreadableDuration above LARGEST_NUMBER."""
    if number > LARGEST_NUMBER:
        raise UnreadableDuration(text, TOO_LARGE)
    return Quantity(Kind.BARE, round(number * SCALE))


def fixed(seconds: Decimal, text: str, unit: str = "") -> Quantity:
    """Return the seconds as a duration, rounded to a millisecond. Raises UnreadableDuration above MOST_MINUTES."""
    milliseconds = round(seconds * 1000)
    if milliseconds > MOST_MILLISECONDS:
        raise UnreadableDuration(text, TOO_LONG)
    if milliseconds < 0:
        return Quantity(Kind.UNREADABLE, fault=(NEGATIVE, text[:LONGEST_TEXT]))
    return Quantity(Kind.FIXED, milliseconds, unit=unit)


def clock_seconds(hours: str, minutes: str, seconds: str | None = None) -> Decimal:
    """Return h:mm or h:mm:ss in seconds."""
    return Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal((seconds or "0").replace(",", "."))


def iso_seconds(normalized: str, text: str) -> Decimal:
    """Return an ISO 8601 duration of hours, minutes and seconds (`pt1h30m`) in seconds. Raises UnreadableDuration.

    Days are refused: an ISO day has 24 hours, a working day here has 8.
    """
    if re.match("p[0-9]", normalized):
        raise UnreadableDuration(text, UNCLEAR_DAY)
    if not re.match("pt[0-9]", normalized):
        raise UnreadableDuration(text)
    from django.utils.dateparse import parse_duration  # a fifth of the time that a child needs to start

    try:
        duration = parse_duration(normalized.upper())
    except (ValueError, OverflowError, ArithmeticError):
        duration = None
    if duration is None:
        raise UnreadableDuration(text)
    return Decimal(duration // timedelta(microseconds=1)) / 1_000_000


def read_parts(normalized: str, decimal: DecimalMark, text: str) -> Quantity:
    """Return `1h 30m`, `2 hours` or `1.5d` as a duration. Raises UnreadableDuration.

    Each unit may occur once, from large to small, and only the last number may have a fraction.
    """
    total, position, last_size, has_fraction, units = Decimal(0), 0, None, False, []
    while position < len(normalized):
        match = PART.match(normalized, position)
        unit = UNITS.get(match["unit"]) if match else None
        if match is None or unit is None:
            raise UnreadableDuration(text)
        number = parse_number(match["number"].strip(), decimal, text)
        if has_fraction or (last_size is not None and MILLISECONDS[unit] >= last_size):
            raise UnreadableDuration(text)
        total += number * MILLISECONDS[unit] / 1000
        position, last_size, has_fraction = match.end(), MILLISECONDS[unit], number % 1 != 0
        units.append(unit)
    return fixed(total, text, units[0] if len(units) == 1 else "parts")


def parse_number(number: str, decimal: DecimalMark, text: str) -> Decimal:
    """Return the number, which may have a decimal mark and thousands marks. Raises UnreadableDuration if unclear."""
    if PLAIN_NUMBER.fullmatch(number):
        return Decimal(number)
    single = SINGLE_MARK.fullmatch(number)
    if single and (not is_unclear(single) or single[2] == decimal):
        return Decimal(f"{single[1]}.{single[3]}")
    match = GROUPED.fullmatch(number)
    if match is None or match["group"] == match["mark"]:
        raise UnreadableDuration(text)
    if single and not decimal:
        raise UnreadableDuration(text, UNCLEAR_MARK)
    integer, fraction = number.rsplit(match["mark"], 1) if match["mark"] else (number, "0")
    try:
        return Decimal(f"{integer.replace(match['group'], '')}.{fraction}")
    except InvalidOperation:
        raise UnreadableDuration(text) from None


def is_unclear(match: re.Match[str]) -> bool:
    """Return True if the number's one mark may separate thousands: `1,234`, but not `0,234` or `1,5`."""
    integer, _mark, fraction = match.groups()
    return len(fraction) == 3 and len(integer) <= 3 and integer.strip("0") != ""


def unread_message(quantity: Quantity, cell: Cell) -> Phrase:
    """Return why the cell is read without a duration."""
    return quantity.message if quantity.kind == Kind.UNREADABLE else Phrase(OTHER_UNIT, cell=cell_text(cell))
