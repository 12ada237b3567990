"""What a short text of a model is held to: plain, about its source, and without a quantity that the source lacks."""

import re
from collections.abc import Iterator

from workers.models.grounding import NUMBER, NUMBER_WORDS, WORDS, Figure, is_plain, ungrounded, unit_of
from workers.models.masking import MARKS, Masks

# Longer numbers, and those with signs other than "," and ".", have to be written exactly as in the source.
ENGLISH = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,6})?")
TOKEN = re.compile(r"\S+")
AROUND = ".,;:!?()“”\"'’"
# So many letters of a word tell which word it is: "check", "checks" and "checking" are one.
STEM_LETTERS = 4


def faults_of_text(text: str, source: str, masks: Masks) -> list[str]:
    """Return why a text that a model wrote about the source is refused; empty if it can be shown.

    The source is given as the model read it, masked. Of its marks, the text may hold those that the source holds.
    """
    marks = set(MARKS.findall(source)) & set(masks.marks.values())
    bare = MARKS.sub(lambda found: "it" if found.group() in marks else found.group(), text)
    if not is_plain(bare):
        return ["the text is no plain prose, or names something that it was not given"]
    known = set(tokens_with_quantity(source))
    rest = " ".join("it" if token.strip(AROUND) in known else token for token in TOKEN.findall(bare))
    return ungrounded(rest, list(figures_in(source)))


def tokens_with_quantity(text: str) -> Iterator[str]:
    """Yield the words of the text that state a quantity in another way than a plain number: "Q3", "24/7", "twice"."""
    for token in TOKEN.findall(text):
        word = token.strip(AROUND)
        is_mixed = any(sign.isnumeric() for sign in word) and not ENGLISH.fullmatch(word)
        if is_mixed or any(part.lower() in NUMBER_WORDS for part in WORDS.findall(word)):
            yield word


def figures_in(text: str) -> Iterator[Figure]:
    """Yield the plain numbers of the text, each with the unit that stands beside it."""
    for found in NUMBER.finditer(text):
        if ENGLISH.fullmatch(found.group()):
            value = float(found.group().replace(",", ""))
            yield Figure("quoted", value, unit_of(text[: found.start()], text[found.end() :]))


def shares_a_word(text: str, source: str) -> bool:
    """Return True if a word of the text begins as a word of the source does; so it is about the same thing."""
    return bool(stems_of(text) & stems_of(source))


def stems_of(text: str) -> set[str]:
    """Return the first letters of each word of at least three letters, in lower case."""
    return {word[:STEM_LETTERS].casefold() for word in WORDS.findall(text) if len(word) > 2}
