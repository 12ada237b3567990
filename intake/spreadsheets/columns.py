"""Decide which column holds the task, the category and the duration: by the header's words, then by filled cells."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from intake.spreadsheets.durations import UNITS

Role = Literal["duration", "category", "text"]

# The words that name each role in a header, in several languages; the most likely word comes first.
NAMES: dict[Role, str] = {
    "duration": "duration minutes time hours effort dauer minuten zeit stunden aufwand duree temps minutos"
    " duracion tiempo horas duur tijd uren",
    "category": "category type group area department process topic kategorie bereich typ gruppe categorie domaine"
    " groupe categoria tipo grupo area groep soort",
    "text": "task activity text description what subject title summary action step job work aufgabe tatigkeit"
    " beschreibung betreff tache activite titre tarea actividad descripcion titulo taak activiteit omschrijving name",
}
WORDS: dict[Role, list[str]] = {role: words.split() for role, words in NAMES.items()}

# A header of several words does not name the role if one of them is in this list: "start time" is no duration.
RULED_OUT_BY_NAMES: dict[Role, str] = {
    "text": "id no nr number code key date time start end by owner employee person status count hours",
    "category": "id no nr number code key date",
    "duration": "start end begin began finish date due created updated stamp zone at from until",
}
RULED_OUT_BY: dict[Role, set[str]] = {role: set(words.split()) for role, words in RULED_OUT_BY_NAMES.items()}
# Words that name a role only if no other column names it better.
WEAK = {"name"}
# A column counts as filled if it has at least this share of the filled cells of the fullest candidate.
FILLED_SHARE = 0.5

BRACKETED = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
# Longer headers are cut (their subject comes first), and columns beyond the limit are not looked at.
LONGEST_HEADER, MOST_COLUMNS = 200, 1024


@dataclass(frozen=True)
class Column:
    """A column that has a role: its index from 0, its header, and the unit of its numbers that name no unit."""

    index: int
    header: str
    unit: str = "min"


Columns = dict[Role, Column]


def find_columns(headers: Sequence[str], sample: Sequence[Sequence[object]] = ()) -> Columns:
    """Return the column of each role that a header names; among several candidates the filled, best-named one.

    `sample` holds the cells of the first rows and decides which candidates are filled.
    """
    headers = [header[:LONGEST_HEADER] for header in headers[:MOST_COLUMNS]]
    candidates: dict[Role, list[int]] = {role: [] for role in WORDS}
    for index, header in enumerate(headers):
        if role := likeliest_role(header):
            candidates[role].append(index)
    return {role: best_column(role, headers, indexes, sample) for role, indexes in candidates.items() if indexes}


def best_column(
    role: Role, headers: Sequence[str], indexes: Sequence[int], sample: Sequence[Sequence[object]]
) -> Column:
    """Return, of the columns at `indexes` that count as filled, the one whose header fits the role best."""
    filled = {i: sum(bool(row[i]) for row in sample if i < len(row)) for i in indexes}
    enough = max(filled.values()) * FILLED_SHARE
    best = max((i for i in indexes if filled[i] >= enough), key=lambda i: (score(role, headers[i]), -i))
    return Column(best, headers[best].strip(), unit_in(headers[best]))


def likeliest_role(header: str) -> Role | None:
    """Return the role that the header fits best, or None if it fits none."""
    scores = {role: score(role, header) for role in WORDS}
    best = max(scores, key=lambda role: scores[role])
    return best if scores[best] > (0, 0) else None


def score(role: Role, header: str) -> tuple[int, int]:
    """Return (fit, rank): how well the header names the role, then minus the word's place in WORDS; (0, 0) if not."""
    words = words_of(BRACKETED.sub(" ", header)) or words_of(header)
    if RULED_OUT_BY[role] & set(words) and len(words) > 1:
        return (0, 0)
    matches = [(place, word) for place, word in enumerate(words) if word in WORDS[role]]
    scores = [(match_quality(word, place, words), -WORDS[role].index(word)) for place, word in matches]
    return max(scores, default=(1 if role == "duration" and is_unit(header) else 0, 0))


def match_quality(word: str, place: int, words: Sequence[str]) -> int:
    """Return 4 if the word is the whole header, 3 if it is the last word, 2 elsewhere, and 1 for a weak word."""
    if len(words) == 1:
        return 4
    return 1 if word in WEAK else 3 if place == len(words) - 1 else 2


def words_of(header: str) -> list[str]:
    """Return the header's words in lower case, without accents and punctuation; `camelCase` is two words."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    bare = "".join(c for c in unicodedata.normalize("NFKD", split.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", bare)


def is_unit(header: str) -> bool:
    """Return True if the header is only a unit of time of more than one letter."""
    words = words_of(header)
    return len(words) == 1 and words[0] in UNITS and len(words[0]) > 1


def unit_in(header: str) -> str:
    """Return the unit (s, min, h, d) for numbers without one: from brackets, else from a word, else `min`."""
    bracketed = [word for inside in BRACKETED.findall(header) for word in words_of(inside)]
    words = words_of(header)
    spelled = [word for word in words if len(word) > 1] + words[-1:]
    return next((UNITS[word] for word in bracketed + spelled if word in UNITS), "min")
