"""Reading numbers as people type them. A text that could mean two numbers is refused with a question, never guessed."""

import re
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

# Spaces (no-break and narrow no-break ones too) and apostrophes that separate thousands.
BLANKS = re.compile("[ \u00a0\u202f’']")
PLAIN = re.compile(r"[+-]?[0-9]{1,30}")
ONE_MARK = re.compile(r"(?P<whole>[+-]?[0-9]{0,30})(?P<mark>[.,])(?P<rest>[0-9]{1,30})")
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,9}|(?:\.[0-9]{3}){2,9})")
THOUSANDS_AND_REST = re.compile(
    r"([+-]?[0-9]{1,3}(?:,[0-9]{3}){1,9})\.([0-9]{1,30})|([+-]?[0-9]{1,3}(?:\.[0-9]{3}){1,9}),([0-9]{1,30})"
)
# In characters; a typed number is cut to this length.
LONGEST = 64


class NotANumber(ValueError):
    """The text is no number or could mean two numbers; the message says what to write instead."""


def parse_number(typed: str) -> Decimal:
    """Return the number that the text means, with point or comma as decimal mark. Raises NotANumber."""
    text = BLANKS.sub("", typed.strip()[:LONGEST])
    if PLAIN.fullmatch(text):
        return Decimal(text)
    if THOUSANDS.fullmatch(text):
        return Decimal(without_marks(text))
    if match := THOUSANDS_AND_REST.fullmatch(text):
        whole, rest = [part for part in match.groups() if part is not None]
        return Decimal(f"{without_marks(whole)}.{rest}")
    if match := ONE_MARK.fullmatch(text):
        return with_one_mark(match["whole"], match["mark"], match["rest"])
    raise NotANumber(not_a_number_message())


def with_one_mark(whole: str, mark: str, rest: str) -> Decimal:
    """Return the number with this decimal mark. Raises NotANumber if the mark could separate thousands: `1,234`.

    The page's language does not decide this, because people type numbers as they do in their own country.
    """
    if is_ambiguous(whole, rest):
        readings = {"one": f"{whole}{rest}", "other": f"{whole}{decimal_mark()}{rest}0"}
        raise NotANumber(ambiguous_message() % readings)
    return Decimal(f"{whole}.{rest}" if whole.strip("+-") else f"{whole}0.{rest}")


def is_ambiguous(whole: str, rest: str) -> bool:
    """Return True if the mark between these digits could separate thousands or begin a fraction."""
    return len(rest) == 3 and 1 <= len(whole.lstrip("+-")) <= 3 and whole.strip("+-0") != ""


def ambiguous_message() -> str:
    """Return the sentence that asks which of two numbers is meant."""
    return _("This could be %(one)s or %(other)s: please write the one you mean.")


def read_back_attributes() -> dict[str, str]:
    """Return attributes for the script that shows a number as it is understood: the decimal mark and the sentences."""
    words = {"data-read": _("We read this as %(number)s."), "data-ask": ambiguous_message()}
    return {"data-number": decimal_mark(), "data-refuse": not_a_number_message(), **words}


def without_marks(text: str) -> str:
    """Return the text without points and commas."""
    return text.replace(",", "").replace(".", "")


def decimal_mark() -> str:
    """Return the decimal mark of the reader's language."""
    return str(formats.get_format("DECIMAL_SEPARATOR"))


def not_a_number_message() -> str:
    """Return the sentence that asks for a number, in the reader's language."""
    values = {"example": f"45{decimal_mark()}50"}
    return _("Please enter a number, for example 45 or %(example)s, without a currency sign.") % values


def shown_number(value: object) -> object:
    """Return a number as text in the reader's format, without separators of thousands; any other value unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    whole, point, rest = format(Decimal(str(value)), "f").partition(".")
    return whole + point.replace(".", decimal_mark()) + (f"{rest}0" if is_ambiguous(whole, rest) else rest)
