"""The grounding check: prose may hold a figure only if it is among the computed figures.

Prose is in English, so a figure is digits with "," between thousands and "." before decimals. It has to equal a
computed figure that is rounded to as many decimals. A unit beside it has to be that of the computed figure.
Everything that states a quantity in another way is refused: number words, fractions, digits of other scripts, "12k".
What the check cannot judge is the words around a figure; so whoever reads it has to see that a model wrote it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

NUMBER = re.compile(r"\d[\d.,]*\d|\d")
ENGLISH = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
MOST_DIGITS = 20
DIGITS = set("0123456789")
# What may stand after a figure, or before it, and the unit that it states.
UNITS_AFTER = {
    "percent": re.compile(r"\s?(?:%|percent\b|per cent\b)", re.IGNORECASE),
    "hours": re.compile(r"[\s-]?(?:hours?|hrs?)\b", re.IGNORECASE),
    "minutes": re.compile(r"[\s-]?(?:minutes?|mins?)\b", re.IGNORECASE),
    "days": re.compile(r"[\s-]?(?:days?|weeks?|months?|years?)\b", re.IGNORECASE),
    "money": re.compile(r"\s?(?:[€$£¥]|[A-Z]{3}\b|euros?\b|dollars?\b|pounds?\b|francs?\b)"),
}
MONEY_BEFORE = re.compile(r"(?:[€$£¥]|\b[A-Z]{3})\s*$")
MINUS_BEFORE = re.compile(r"(?:^|[^\w\s])\s*[-−]\s*$|\s[-−]$|\bminus\s*$", re.IGNORECASE)
ATTACHED = re.compile(r"[^\W\d_]|[⁄/^°‰]")
ENGLISH_WORDS = """
zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million millions
billion billions trillion dozen dozens score half halves third thirds quarters fourths fifth fifths sixth tenth tenths
twice thrice double doubles doubled doubling triple triples tripled tripling quadruple twofold threefold tenfold
"""
OTHER_WORDS = """
zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig
neunzig hundert tausend dutzend hälfte drittel viertel doppelt prozent
deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze vingt trente quarante cinquante soixante
cent cents mille moitié tiers demi double pourcent
"""
NUMBER_WORDS = frozenset(ENGLISH_WORDS.split() + OTHER_WORDS.split())
WORDS = re.compile(r"[^\W\d_]+")
QUARTER = re.compile(r"\bquarter of\b", re.IGNORECASE)
# What plain prose does not have: markup, addresses, links, marks and characters that are not seen.
MARKUP = re.compile(r"[<>{}\[\]`|\\@#]|://|\bwww\.|\bhttps?\b|\*\*|__", re.IGNORECASE)


@dataclass(frozen=True)
class Figure:
    """A computed figure: its name, its value, and its unit ("percent", "hours", "days", "money", "count" or "")."""

    name: str
    value: float
    unit: str = ""


def ungrounded(text: str, figures: Sequence[Figure]) -> list[str]:
    """Return a sentence for each quantity in the text that is not among the figures; empty if the text is grounded."""
    return [*stated_otherwise(text), *wrong_figures(" ".join(unicodedata.normalize("NFKC", text).split()), figures)]


def stated_otherwise(text: str) -> Iterator[str]:
    """Yield a sentence for each quantity that is not written in the digits 0 to 9."""
    for found in WORDS.finditer(unicodedata.normalize("NFKC", text)):
        if found.group().lower() in NUMBER_WORDS:
            yield f"“{found.group()}” is a number in words: write computed figures only, in digits"
    if QUARTER.search(text):
        yield "“quarter of” is a number in words: write computed figures only, in digits"
    for sign in sorted(set(text) - DIGITS):
        if unicodedata.numeric(sign, None) is not None:
            yield f"“{sign}” is a number in signs other than digits"


def wrong_figures(text: str, figures: Sequence[Figure]) -> Iterator[str]:
    """Yield a sentence for each number in digits that is no computed figure."""
    for found in NUMBER.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        if ATTACHED.match(after) or ATTACHED.match(before[-1:]):
            yield f"“{found.group()}” is part of another text: write figures apart"
        elif MINUS_BEFORE.search(before[-20:]):
            yield f"“{found.group()}” is negative: no computed figure is"
        elif not is_computed(found.group(), unit_of(before, after), figures):
            yield f"“{found.group()}” is not among the computed figures, or has another unit there"


def unit_of(before: str, after: str) -> str:
    """Return the unit that is written beside a figure; empty if there is none."""
    for unit, form in UNITS_AFTER.items():
        if form.match(after):
            return unit
    return "money" if MONEY_BEFORE.search(before[-5:]) else ""


def is_computed(number: str, unit: str, figures: Sequence[Figure]) -> bool:
    """Return True if a figure of this unit equals the number, when it is rounded to the decimals of the number."""
    if len(number) > MOST_DIGITS or not ENGLISH.fullmatch(number):
        return False
    value, decimals = Decimal(number.replace(",", "")), len(number.partition(".")[2])
    nearest = Decimal(1).scaleb(-decimals) / 2
    known = [figure for figure in figures if not unit or figure.unit == unit]
    return any(abs(Decimal(repr(figure.value)) - value) <= nearest for figure in known)


def is_plain(text: str) -> bool:
    """Return True if the text is one line of plain prose: no markup, no address, no link, nothing that is not seen."""
    return not MARKUP.search(text) and all(unicodedata.category(sign)[0] not in "CZ" or sign == " " for sign in text)
