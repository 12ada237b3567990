"""The shape of a text: the text with its numbers replaced, so that a million texts have a few thousand shapes.

Only a number between spaces is replaced, by one of the same kind: whether it is a year, a short number, or long enough
to be the number of a case; before the last may be letters and a sign, as in INV-4711. So a text and its shape have the
same form, see `forms.form_of`. The single 1 stays, as in "1 on 1". A text of which nothing but numbers, dates and names
could remain keeps its numbers, for they are all that tells it from others. `stored.py` replaces them in columns.
"""

import re
import unicodedata
from functools import lru_cache

from workers.agents.analysis.forms import DATE, DROPPED, HONORIFIC, NAME, NUMBER_WORDS, WORD, kind_of

# Patterns without look-around, as the engine for columns has none: (before the number, the number, after it, its
# replacement). Each stands between spaces.
YEAR = "(?:19|20)[0-9]{2}"
SHORT_NUMBER = "[02-9]|[0-9]{2}"
LONG_NUMBER = "[0-9]{3}|(?:[03-9][0-9]|1[0-8]|2[1-9])[0-9]{2}|[0-9]{5,}"
BEFORE_LONG = "[A-Za-z]*[-#:/.(]?"
AFTER_LONG = "[,;:.)]?"
REPLACED = (("", YEAR, "", "2000"), ("", SHORT_NUMBER, "", "0"), (BEFORE_LONG, LONG_NUMBER, AFTER_LONG, "000"))
NUMBERS = (
    (re.compile(f"(?<![^ ])(?:{YEAR})(?![^ ])"), "2000"),
    (re.compile(f"(?<![^ ])(?:{SHORT_NUMBER})(?![^ ])"), "0"),
    (re.compile(f"(?<![^ ])({BEFORE_LONG})(?:{LONG_NUMBER})({AFTER_LONG})(?![^ ])"), r"\g<1>000\g<2>"),
)


@lru_cache(maxsize=100_000)
def shape_of(text: str) -> str:
    """Return the shape of the text, or the text itself if its numbers tell it from others."""
    shape = text
    for pattern, number in NUMBERS:
        shape = pattern.sub(number, shape)
    return text if shape != text and not keeps_a_word(shape) else shape


def keeps_a_word(shape: str) -> bool:
    """Return True if a word of the text is not dropped from its form, not even as a name or with a number."""
    normal = shape if shape.isascii() else unicodedata.normalize("NFKC", shape)
    after_honorific = False
    for place, token in enumerate(WORD.findall(DATE.sub(" ", normal))):
        word, kind = (token, DROPPED) if token.isdigit() else kind_of(token)
        if not kind & DROPPED and word not in NUMBER_WORDS and not (kind & NAME and (place or after_honorific)):
            return True
        after_honorific = bool(kind & HONORIFIC)
    return False


def has_placeholder(shape: str) -> bool:
    """Return True if a number of the text may have been replaced: each replacement has a zero."""
    return "0" in shape
