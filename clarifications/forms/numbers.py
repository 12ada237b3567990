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
    """Return the fraction. Raises NotANumber where the mark could as well separate thousands: `1,234` and `1.234`.

    Neither the page's language nor the mark says which one is meant: people type numbers as in their own country.
    """
    if could_be_two(whole, rest):
        said = {"one": f"{whole}{rest}", "other": f"{whole}{decimal_mark()}{rest}0"}
        raise NotANumber(could_be_words() % said)
    return Decimal(f"{whole}.{rest}" if whole.strip("+-") else f"{whole}0.{rest}")


def could_be_two(whole: str, rest: str) -> bool:
    """Whether digits before and after one mark could be thousands as well as a fraction."""
    return len(rest) == 3 and 1 <= len(whole.lstrip("+-")) <= 3 and whole.strip("+-0") != ""


def could_be_words() -> str:
    """The sentence that asks which of two numbers is meant."""
    return _("This could be %(one)s or %(other)s: please write the one you mean.")


def read_back() -> dict[str, str]:
    """What the browser needs to read a number back while it is typed: the decimal mark and the sentences."""
    words = {"data-read": _("We read this as %(number)s."), "data-ask": could_be_words()}
    return {"data-number": decimal_mark(), "data-refuse": not_a_number(), **words}


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
    """Return the number as the reader may write it, without marks for thousands; what is no number as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    whole, point, rest = format(Decimal(str(value)), "f").partition(".")
    return whole + point.replace(".", decimal_mark()) + (f"{rest}0" if could_be_two(whole, rest) else rest)
