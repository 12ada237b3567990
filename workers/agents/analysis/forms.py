"""The words of a task's text without what differs from case to case: numbers, dates, and the names that are certain."""

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"[^\W_]+")
# 2024-03-01, 1.3.2024, 03/2024 and 9:30.
DATE = re.compile(r"(?<![\w])\d{1,4}(?:[-./]\d{1,4}){1,2}(?![\w])|(?<![\w])\d{1,2}:\d{2}(?::\d{2})?(?![\w])")
# Quarters, halves, terms and weeks: Q1, H2, T3, KW12.
SHORT_DATE = re.compile(r"(?:q|h|t|kw|cw|wk)\d{1,2}")
YEAR = re.compile(r"(?:19|20)\d\d")
# A token with so many digits is the number of one case, as INV4711; with fewer it may be a word, as B2B.
FEWEST_DIGITS = 3
SHORTEST_NAME = 3

MONTHS = """
january february march april may june july august september october november december
janvier février fevrier mars avril mai juin juillet août aout septembre octobre novembre décembre decembre
januar jänner februar märz juni juli oktober dezember
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio aprile maggio giugno luglio settembre ottobre novembre dicembre
janeiro fevereiro março marco maio junho julho setembro outubro novembro dezembro
januari februari maart mei augustus
"""
WEEKDAYS = """
monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi jeudi vendredi samedi dimanche
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag lunes martes miércoles miercoles jueves viernes
sábado sabado domingo lunedì lunedi martedì martedi mercoledì mercoledi giovedì giovedi venerdì venerdi sabato domenica
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
"""
DATE_WORDS = frozenset(MONTHS.split()) | frozenset(WEEKDAYS.split())
# A capitalised word after one of these is a name.
HONORIFIC_WORDS = """
mr mrs ms dr prof herr herrn frau mme mlle monsieur madame sr sra señor señora sig signor signora dhr mevr mevrouw
senhor senhora
"""
HONORIFICS = frozenset(HONORIFIC_WORDS.split())
# These are dropped with the number after them. The Unicode forms "№" and "nº" become "no".
NUMBER_WORDS = frozenset({"no", "nr", "num", "núm", "numero", "número", "numéro", "nummer", "number", "n"})

# What a token can be: left out of the form, a number, a number that only one case has, an honorific, written as a
# name is, or in lower case.
DROPPED, NUMBER, OF_ONE_CASE, HONORIFIC, NAME, LOWER = 1, 2, 4, 8, 16, 32


@dataclass(frozen=True, slots=True)
class Form:
    """A text's words in lower case without numbers and dates.

    `capitals` holds the indexes of the words that may be names: capitalised in the text, and not its first word.
    `lower` holds the indexes of those written in lower case. `has_number` is True if the text had the number of a
    case: an invoice's or a ticket's, but not a year or a date.
    """

    words: tuple[str, ...]
    capitals: frozenset[int]
    lower: frozenset[int]
    has_number: bool

    @property
    def text(self) -> str:
        return " ".join(self.words)


def form_of(text: str, people: Set[str] = frozenset()) -> Form:
    """Return the form of a text; `people` are words of the names of the people in the file, in lower case.

    Dropped are numbers with a word such as "No." before them, dates, the names of months and weekdays, honorifics
    with the name after them, and capitalised words from `people` unless the word is the first. A text of only those
    keeps them all.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFKC", text)
    words, capitals, lower = list[str](), set[int](), set[int]()
    has_number = after_honorific = False
    for place, token in enumerate(WORD.findall(DATE.sub(" ", normal))):
        word, kind = (token, kind_of_number(token)) if token.isdigit() else kind_of(token)
        if kind & NUMBER and words and words[-1] in NUMBER_WORDS:
            words.pop()
        has_number |= bool(kind & OF_ONE_CASE)
        is_person = kind & NAME and (after_honorific or (place > 0 and word in people))
        after_honorific = bool(kind & HONORIFIC)
        if kind & DROPPED or is_person:
            continue
        if kind & NAME and place > 0:
            capitals.add(len(words))
        elif kind & LOWER:
            lower.add(len(words))
        words.append(word)
    if not words:
        return Form(tuple(WORD.findall(normal.casefold())), frozenset(), frozenset(), has_number)
    return Form(tuple(words), frozenset(capitals), frozenset(lower), has_number)


@lru_cache(maxsize=100_000)
def kind_of(token: str) -> tuple[str, int]:
    """Return the token in lower case, and its kind: a sum of the constants from DROPPED to LOWER."""
    word = token.casefold()
    digits = sum(map(str.isdigit, word))
    if digits >= FEWEST_DIGITS:
        return word, DROPPED + NUMBER + OF_ONE_CASE
    if word in DATE_WORDS or SHORT_DATE.fullmatch(word):
        return word, DROPPED
    if word in HONORIFICS:
        return word, DROPPED + HONORIFIC
    is_name = len(token) >= SHORTEST_NAME and token[0].isupper() and token[1:].islower() and not digits
    return word, NAME if is_name else LOWER if token == word else 0


def kind_of_number(digits: str) -> int:
    """Return the kind of a token of only digits: that of one case if it has enough of them and is no year."""
    is_of_one_case = len(digits) >= FEWEST_DIGITS and not YEAR.fullmatch(digits)
    return DROPPED + NUMBER + is_of_one_case * OF_ONE_CASE


def words_of_names(people: Set[str]) -> frozenset[str]:
    """Return the words of these people's names in lower case, without those too short to be told from other words."""
    words = {word.casefold() for name in people for word in WORD.findall(name)}
    return frozenset(word for word in words if len(word) >= SHORTEST_NAME and word.isalpha())
