"""Tell by its words whether a recurring task could be automated, and why; the words are in `task_words`.

The kinds of work follow the distinction of routine and non-routine tasks (Autor, Levy and Murnane 2003, "The skill
content of recent technological change"): what follows rules or moves information can be automated, what people do
with each other or decide by judgement cannot. Words are evidence and no proof, so the code of the reason is delivered
with each finding.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from workers.agents.analysis.forms import WORD
from workers.agents.analysis.task_words import (
    ABOUT_MEETING_WORDS,
    JUDGEMENT,
    MEETING,
    RARE,
    REPETITIVE,
    WORDS_OF_KINDS,
    Words,
)

NOT_AUTOMATABLE = frozenset({MEETING, JUDGEMENT, RARE})
ABOUT_MEETING = "about_meeting"
# A meeting of two people is often written so; its digits are no words.
ONE_ON_ONE = re.compile(r"^1[:-]1\b|\b1[:-]1 (?:with|mit|avec|con|com|met)\b|\b1[ -]?(?:on|to)[ -]?1\b", re.IGNORECASE)
# In a list of more rows than this, a task that occurs fewer times is not worth an automation.
FEWEST_TIMES = 3
ROWS_OF_A_SHORT_LIST = 100


def is_automatable(kind: str) -> bool:
    """Return True if tasks of this kind could be automated."""
    return kind not in NOT_AUTOMATABLE


def kind_of_task(text: str, category: str, count: int, total_rows: int) -> str:
    """Return the kind of a recurring task that is no meeting: the first of WORDS_OF_KINDS of which it has a word.

    Its text goes before its category. RARE is a task that occurs fewer than FEWEST_TIMES times in a long list, unless
    it needs judgement. REPETITIVE is one without a known word: it recurs, and nothing says that it needs a person.
    """
    kind = first_kind(text) or first_kind(category) or REPETITIVE
    is_rare = count < FEWEST_TIMES and total_rows > ROWS_OF_A_SHORT_LIST
    return RARE if is_rare and is_automatable(kind) else kind


def is_meeting(text: str, category: str) -> bool:
    """Return True if the text has a word of a meeting and none of work about one, or the category has."""
    return any(has_meeting_word(words) for words in (text, category)) and not is_about_meeting(text)


def has_meeting_word(text: str) -> bool:
    """Return True if a word of the text names a meeting."""
    return bool(ONE_ON_ONE.search(text)) or MEETING in kinds_in(text)


def is_about_meeting(text: str) -> bool:
    """Return True if a word of the text, that names no meeting itself, says that the work is about one: its minutes."""
    return any(ABOUT_MEETING in kinds and MEETING not in kinds for kinds in map(kinds_of_word, words_in(text)))


def first_kind(text: str) -> str | None:
    """Return the first kind, in the order of WORDS_OF_KINDS, of which the text has a word, apart from meetings."""
    kinds = kinds_in(text) - {MEETING}
    return next((kind for kind in WORDS_OF_KINDS if kind in kinds), None)


def kinds_in(text: str) -> set[str]:
    """Return the kinds, and ABOUT_MEETING, of which the text has a word in any language."""
    return {kind for word in words_in(text) for kind in kinds_of_word(word)}


def words_in(text: str) -> list[str]:
    """Return the words of the text, and each two neighbours as one word."""
    words = WORD.findall(text)
    return [*words, *map(str.__add__, words, words[1:])]


@lru_cache(maxsize=100_000)
def kinds_of_word(word: str) -> frozenset[str]:
    """Return the kinds of which this is a word."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return frozenset(kind for kind, listed in LISTED.items() if listed.has(bare))


@dataclass(frozen=True)
class Listed:
    """The words of one kind in all languages: as they are, and by their beginning, their ending, or any part."""

    exact: frozenset[str]
    beginnings: tuple[str, ...]
    endings: tuple[str, ...]
    parts: tuple[str, ...]

    def has(self, word: str) -> bool:
        """Return True if the word is listed."""
        by_edge = word.startswith(self.beginnings) or word.endswith(self.endings)
        return by_edge or word in self.exact or any(part in word for part in self.parts)


def listed(words: Words) -> Listed:
    """Return the words of a table, with `*` for any letters at the beginning or the end of a word."""
    every = {word for language in words.values() for word in language.split()}
    stars = {word: (word.startswith("*"), word.endswith("*")) for word in every}
    exact, beginnings, endings, parts = (
        tuple(word.strip("*") for word in every if stars[word] == edges)
        for edges in ((False, False), (False, True), (True, False), (True, True))
    )
    return Listed(frozenset(exact), beginnings, endings, parts)


LISTED = {kind: listed(words) for kind, words in {**WORDS_OF_KINDS, ABOUT_MEETING: ABOUT_MEETING_WORDS}.items()}
