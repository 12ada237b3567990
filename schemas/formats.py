"""What each `format` means, in one set of functions given to both validators."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from jsonschema import FormatChecker

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# RFC 3339, section 5.6; the leap second is left out, since no database stores it.
DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\s<>\"{}|\\^`]+")


def is_uuid(text: object) -> bool:
    """Hyphenated, 36 characters (RFC 9562)."""
    return not isinstance(text, str) or UUID_TEXT.fullmatch(text) is not None


def is_date_time(text: object) -> bool:
    """RFC 3339, with an offset, at a moment that every database stores."""
    if not isinstance(text, str):
        return True
    if not DATE_TIME.fullmatch(text):
        return False
    try:
        moment_of(text)
    except (ValueError, OverflowError):
        return False
    return True


def moment_of(text: str) -> datetime:
    """Return the moment that an RFC 3339 text names, in UTC, however it spells its letters. Raises ValueError."""
    return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)


def is_date(text: object) -> bool:
    """A day of the calendar, YYYY-MM-DD."""
    if not isinstance(text, str):
        return True
    try:
        return DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_email(text: object) -> bool:
    """One mailbox at a domain."""
    return not isinstance(text, str) or EMAIL.fullmatch(text) is not None


def is_uri(text: object) -> bool:
    """A scheme and something after it."""
    return not isinstance(text, str) or URI.fullmatch(text) is not None


FORMATS: dict[str, Callable[[object], bool]] = {
    "uuid": is_uuid,
    "date-time": is_date_time,
    "date": is_date,
    "email": is_email,
    "uri": is_uri,
}


def format_checker() -> FormatChecker:
    """The same functions for the reference validator."""
    checker = FormatChecker(formats=())
    for name, function in FORMATS.items():
        checker.checks(name)(function)
    return checker
