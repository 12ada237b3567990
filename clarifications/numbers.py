"""Numbers as people type them, read in the reader's language: what could be two numbers is asked, never guessed."""

import re
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

# Blanks and apostrophes that separate thousands, the no-break and narrow no-break ones included.
BLANKS = re.compile("[ \u00a0\u202f’']")
PLAIN = re.compile(r"[+-]?[0-9]{1,30}")
ONE_MARK = re.compile(r"(?P<whole>[+-]?[0-9]{0,30})(?P<mark>[.,])(?P<rest>[0-9]{1,30})")
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,9}|(?:\.[0-9]{3}){2,9})")
THOUSANDS_AND_REST = re.compile(
    r"([+-]?[0-9]{1,3}(?:,[0-9]{3}){1,9})\.([0-9]{1,30})|([+-]?[0-9]{1,3}(?:\.[0-9]{3}){1,9}),([0-9]{1,30})"
)
LONGEST = 64


class NotANumber(ValueError):
    """The text is no number, or could be two; the message says what to write instead."""


def number_in(typed: str) -> Decimal:
    """Return the number that the text means in the reader's language. Raises NotANumber."""
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
    raise NotANumber(not_a_number())


def with_one_mark(whole: str, mark: str, rest: str) -> Decimal:
    """Return the fraction, unless the mark is not this language's and could as well separate thousands: `1,234`."""
    own = decimal_mark()
    could_be_thousands = len(rest) == 3 and 1 <= len(whole.lstrip("+-")) <= 3 and whole.strip("+-0") != ""
    if mark != own and could_be_thousands:
        said = {"one": f"{whole}{rest}", "other": f"{whole}{own}{rest}0"}
        raise NotANumber(_("This could be %(one)s or %(other)s: please write the one you mean.") % said)
    return Decimal(f"{whole}.{rest}" if whole.strip("+-") else f"{whole}0.{rest}")


def without_marks(text: str) -> str:
    """Return the digits."""
    return text.replace(",", "").replace(".", "")


def decimal_mark() -> str:
    """The mark between a number and its fraction in the reader's language."""
    return str(formats.get_format("DECIMAL_SEPARATOR"))


def not_a_number() -> str:
    """What to write instead, in the reader's language."""
    said = {"example": f"45{decimal_mark()}50"}
    return _("Please enter a number, for example 45 or %(example)s, without a currency sign.") % said


def shown_number(value: object) -> object:
    """Return the number as the reader writes it, without marks for thousands; what is no number as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return format(Decimal(str(value)), "f").replace(".", decimal_mark())
