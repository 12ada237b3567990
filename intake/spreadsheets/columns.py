"""Which column is which: found by the words of its header, and by whether it is filled."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from intake.spreadsheets.durations import UNITS

Role = Literal["duration", "category", "text"]

# Per role, the words that name it, the likeliest first.
NAMES: dict[Role, str] = {
    "duration": "duration minutes time hours effort dauer minuten zeit stunden aufwand duree temps minutos"
    " duracion tiempo horas duur tijd uren",
    "category": "category type group area department process topic kategorie bereich typ gruppe categorie domaine"
    " groupe categoria tipo grupo area groep soort",
    "text": "task activity text description what subject title summary action step job work aufgabe tatigkeit"
    " beschreibung betreff tache activite titre tarea actividad descripcion titulo taak activiteit omschrijving name",
}
WORDS: dict[Role, list[str]] = {role: words.split() for role, words in NAMES.items()}

# A header with one of these words is about something else, whatever else it says.
ELSEWHERE_NAMES: dict[Role, str] = {
    "text": "id no nr number code key date time start end by owner employee person status count hours",
    "category": "id no nr number code key date",
    "duration": "start end begin began finish date due created updated stamp zone at from until",
}
ELSEWHERE: dict[Role, set[str]] = {role: set(words.split()) for role, words in ELSEWHERE_NAMES.items()}
WEAK = {"name"}
# Among columns that could have a role, those filled in at least this share of the fullest one count as filled.
FILLED_SHARE = 0.5

BRACKETED = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
# A header says what it is about at its beginning, and no table that people keep is wider.
LONGEST_HEADER, MOST_COLUMNS = 200, 1024


@dataclass(frozen=True)
class Column:
    """A column that has a role: where it is, what its header says, and the unit of its bare numbers."""

    index: int
    header: str
    unit: str = "min"


Columns = dict[Role, Column]


def find_columns(headers: Sequence[str], sample: Sequence[Sequence[object]] = ()) -> Columns:
    """The column of each role that some header names; of several that could be it, the one that is filled."""
    headers = [header[:LONGEST_HEADER] for header in headers[:MOST_COLUMNS]]
    candidates: dict[Role, list[int]] = {role: [] for role in WORDS}
    for index, header in enumerate(headers):
        if role := likeliest_role(header):
            candidates[role].append(index)
    return {role: chosen(role, headers, found, sample) for role, found in candidates.items() if found}


def chosen(role: Role, headers: Sequence[str], indexes: Sequence[int], sample: Sequence[Sequence[object]]) -> Column:
    """The best-named of the filled columns."""
    filled = {i: sum(bool(row[i]) for row in sample if i < len(row)) for i in indexes}
    enough = max(filled.values()) * FILLED_SHARE
    best = max((i for i in indexes if filled[i] >= enough), key=lambda i: (score(role, headers[i]), -i))
    return Column(best, headers[best].strip(), unit_in(headers[best]))


def likeliest_role(header: str) -> Role | None:
    """The role that the header fits best, if it fits any."""
    scores = {role: score(role, header) for role in WORDS}
    best = max(scores, key=lambda role: scores[role])
    return best if scores[best] > (0, 0) else None


def score(role: Role, header: str) -> tuple[int, int]:
    """How well a header names a role: as a whole, by its last word, by any word; then by the word's place."""
    words = words_of(BRACKETED.sub(" ", header)) or words_of(header)
    if ELSEWHERE[role] & set(words) and len(words) > 1:
        return (0, 0)
    known = [(place, word) for place, word in enumerate(words) if word in WORDS[role]]
    scores = [(fit(word, place, words), -WORDS[role].index(word)) for place, word in known]
    return max(scores, default=(1 if role == "duration" and is_unit(header) else 0, 0))


def fit(word: str, place: int, words: Sequence[str]) -> int:
    """4 when the word is all the header says, 3 when it comes last, 2 elsewhere, 1 when it is weak."""
    if len(words) == 1:
        return 4
    return 1 if word in WEAK else 3 if place == len(words) - 1 else 2


def words_of(header: str) -> list[str]:
    """The header's words, without case, accents and punctuation."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    bare = "".join(c for c in unicodedata.normalize("NFKD", split.casefold()) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", bare)


def is_unit(header: str) -> bool:
    """Whether the header is nothing but a unit of time."""
    words = words_of(header)
    return len(words) == 1 and words[0] in UNITS and len(words[0]) > 1


def unit_in(header: str) -> str:
    """The unit that the header gives to bare numbers: in brackets first, else as a word; minutes otherwise."""
    bracketed = [word for inside in BRACKETED.findall(header) for word in words_of(inside)]
    words = words_of(header)
    spelled = [word for word in words if len(word) > 1] + words[-1:]
    return next((UNITS[word] for word in bracketed + spelled if word in UNITS), "min")
