"""Recognise the rows of a table that are no tasks but totals, by what they are called."""

from enum import IntEnum
from itertools import product

from intake.spreadsheets.words import TOTAL, words_of


class Label(IntEnum):
    """How a row is labelled: like a task, like a total, like the total of something, with fewer names, with none."""

    NONE, TOTAL, TOTAL_OF, PARTIAL, NAMELESS = range(5)


NAMES = frozenset(TOTAL.split("|"))
WORDS = frozenset(name for name in NAMES if " " not in name and name not in ("report", "all"))
# Only a cell that begins with the first letters of such a word, in any case, is looked at more closely.
BEGINNINGS = {name[:3] for name in NAMES} | {"übe", "\u03c3", "∑"}
FIRST_LETTERS = frozenset(
    "".join(signs) for begin in BEGINNINGS for signs in product(*((sign, sign.upper()) for sign in begin))
)
LONGEST_LABEL = 80


def label_of(cell: str) -> Label:
    """Return TOTAL if the cell only says so, TOTAL_OF if it says whose total it is, else NONE."""
    if len(cell) > LONGEST_LABEL:
        return Label.NONE
    found = words_of(cell) or [cell.strip()]
    if " ".join(found) in NAMES:
        return Label.TOTAL
    return Label.TOTAL_OF if found[0] in WORDS or found[-1] in WORDS else Label.NONE
