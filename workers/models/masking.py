"""Masks personal data in texts before they leave, and puts them back into what comes back.

Mail addresses, links, and numbers of at least four digits are found by their form. Names are found by their capital
letter: words with one that stand together, or that stand inside a sentence. So more is masked than names, and a name in
small letters, or one that is the only word of a text, is not found.

What is masked is replaced by a mark such as [NAME-A], and the same text always by the same mark. Marks have no digits,
so that no figure hides in them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

MARK = r"\[(?:NAME|MAIL|LINK|NUMBER|TEXT)-[A-Z]{1,4}\]"
# One pass over the text, so that no mark is masked again. A mark that somebody wrote is masked as TEXT.
FORMS = re.compile(
    rf"(?P<TEXT>{MARK})"
    r"|(?P<MAIL>[^\s@<>\[\](),;:\"']{1,64}@[^\s@<>\[\](),;:\"']{1,255})"
    r"|(?P<LINK>(?:[a-z]{2,10}://|www\.)\S{1,2000})"
    r"|(?P<NUMBER>[+#]?\d(?:[ ./()_–-]{0,2}\d){3,60})",
    re.IGNORECASE,
)
MARKS = re.compile(rf"{MARK}")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?")
TITLE_WORDS = """
mr mrs ms miss dr prof herr frau hr fr m mme mlle maître señor señora sr sra signor signora
"""
TITLES = frozenset(TITLE_WORDS.split())
# Between the parts of a name: "Anna von der Heide".
PARTICLES = frozenset(["von", "van", "der", "den", "de", "du", "la", "le", "di", "da", "dos", "del", "ter", "zu", "y"])
LONGEST_ACRONYM = 5


@dataclass
class Masks:
    """The marks of one request to a model, by the text that each stands for."""

    marks: dict[str, str] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def mask(self, text: str) -> str:
        """Return the text with marks in place of what may be personal data."""
        pieces, end = [], 0
        for found in FORMS.finditer(text):
            pieces += [self.mask_names(text[end : found.start()]), self.mark_of(str(found.lastgroup), found.group())]
            end = found.end()
        return "".join([*pieces, self.mask_names(text[end:])])

    def mask_names(self, text: str) -> str:
        """Return the text with marks in place of names."""
        pieces, end = [], 0
        for start, stop in names_in(text):
            pieces += [text[end:start], self.mark_of("NAME", text[start:stop])]
            end = stop
        return "".join([*pieces, text[end:]])

    def mark_of(self, kind: str, original: str) -> str:
        """Return the mark that stands for this text; a new one if there is none yet."""
        if original not in self.marks:
            self.marks[original] = f"[{kind}-{letters(self.kinds[kind])}]"
            self.kinds[kind] += 1
        return self.marks[original]

    def unmask(self, text: str) -> str:
        """Return the text with what each mark stands for; a mark that was never given stays."""
        originals = {mark: original for original, mark in self.marks.items()}
        return MARKS.sub(lambda found: originals.get(found.group(), found.group()), text)

    def counts(self) -> list[dict[str, object]]:
        """Return how many different texts of each kind were masked, as a deliverable states it."""
        return [{"kind": kind.lower(), "count": count} for kind, count in sorted(self.kinds.items())]


def letters(number: int) -> str:
    """Return the number as letters: A to Z, then AA, AB and so on, as the columns of a spreadsheet."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def names_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names begin and end in the text."""
    words = list(WORD.finditer(text))
    place = 0
    while place < len(words):
        stop = end_of_run(text, words, place)
        if stop > place and is_name(text, words, place, stop):
            yield words[place].start(), words[stop - 1].end()
        place = max(stop, place + 1)


def end_of_run(text: str, words: list[re.Match[str]], place: int) -> int:
    """Return the place after the last word of the run of capitalised words that begins here; `place` if none does."""
    stop = place
    while stop < len(words) and (stop == place or are_together(text, words[stop - 1], words[stop])):
        if is_capitalised(words[stop].group()):
            stop += 1
            continue
        after = stop
        while after < len(words) and words[after].group().lower() in PARTICLES and after > place:
            after += 1
        if after == stop or after == len(words) or not is_capitalised(words[after].group()):
            break
        stop = after + 1
    return stop


def are_together(text: str, first: re.Match[str], second: re.Match[str]) -> bool:
    """Return True if only blanks stand between the words, and no sentence ends there: "A." may be an initial."""
    is_end = first.group().endswith(".") and len(first.group()) > 3 and first.group()[:-1].lower() not in TITLES
    return not is_end and not text[first.end() : second.start()].strip(" \t\u00a0")


def is_name(text: str, words: list[re.Match[str]], place: int, stop: int) -> bool:
    """Return True if the run of capitalised words may be a name: several words, or inside a sentence."""
    if stop - place > 1:
        return True
    before = text[: words[place].start()].rstrip()
    return bool(before) and before[-1] not in ".!?:"


def is_capitalised(word: str) -> bool:
    """Return True if the word begins with a capital letter and is no acronym such as VAT."""
    bare = word.rstrip(".")
    return bare[:1].isupper() and not (1 < len(bare) <= LONGEST_ACRONYM and bare.isupper())
