"""The meaning of each JSON Schema `format`: one set of functions, given to both validators."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

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
    """Return True for a hyphenated UUID of 36 characters (RFC 9562), and for a value that is not a string."""
    return not isinstance(text, str) or UUID_TEXT.fullmatch(text) is not None


def is_date_time(text: object) -> bool:
    """Return True for an RFC 3339 time with an offset that databases can store; also for a value that is no string."""
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
    """Return the time of an RFC 3339 text in UTC.

    Small letters are accepted, and a blank in place of the `T`. Raises ValueError.
    """
    return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)


def is_date(text: object) -> bool:
    """Return True for a day of the calendar as YYYY-MM-DD, and for a value that is not a string."""
    if not isinstance(text, str):
        return True
    try:
        return DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_email(text: object) -> bool:
    """Return True for one mailbox at a domain with a dot, and for a value that is not a string."""
    return not isinstance(text, str) or EMAIL.fullmatch(text) is not None


def is_uri(text: object) -> bool:
    """Return True for a scheme with something after its colon, and for a value that is not a string."""
    return not isinstance(text, str) or URI.fullmatch(text) is not None


FORMATS: dict[str, Callable[[object], bool]] = {
    "uuid": is_uuid,
    "date-time": is_date_time,
    "date": is_date,
    "email": is_email,
    "uri": is_uri,
}
