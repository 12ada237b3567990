"""Decide what each column may hold by the words of its header. What several may be is decided by their cells."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from intake.spreadsheets import words
from intake.spreadsheets.sheet import LIMITS
from intake.spreadsheets.units import UNITS
from intake.spreadsheets.words import without_accents, word_set, words_of

Role = Literal[
    "text", "category", "duration", "start", "end", "date", "person", "project", "case", "break", "all_day", "count"
]

BRACKETED = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
# `30 min`, `1 h 15 m`, `2d`: numbers with the word of a unit each.
AMOUNT = re.compile(r"(?<!\d)\d{1,9}(?:[.,]\d{1,9})?\s{0,3}([^\W\d_]{1,20})\.?\s{0,3}")
AMOUNTS = re.compile(rf"[-+]?(?:{AMOUNT.pattern})+")
# Longer headers are cut (their subject comes first), and columns beyond the limit are not looked at.
LONGEST_HEADER, MOST_COLUMNS = 200, LIMITS.most_columns

TEXT_TIERS = [word_set(group) for group in (words.SUBJECT, words.DESCRIPTION, words.NOTE, words.TASK, words.PROJECT)]
SUBJECT, DESCRIPTION, NOTE, TASK, PROJECT = range(5)
LISTS: dict[Role, list[str]] = {
    "duration": words.DURATION.split(),
    "category": words.CATEGORY.split(),
    "text": [*map(str, f"{words.TASK} {words.DESCRIPTION} {words.SUBJECT} {words.NOTE}".split())],
    "project": words.PROJECT.split(),
    "person": words.PERSON.split(),
    "date": words.DATE.split(),
    "start": words.START.split(),
    "end": words.END.split(),
    "break": words.BREAK.split(),
    "count": words.COUNT.split(),
}
for _role, _list in LISTS.items():
    _list.extend(words.UMLAUTS[word] for word in _list.copy() if word in words.UMLAUTS)
RANKS: dict[Role, dict[str, int]] = {
    role: {word: place for place, word in reversed(list(enumerate(names)))} for role, names in LISTS.items()
}

# A header of several words does not name the role if one of them is in this list: "start time" is no duration.
IDENTITY = "id no nr number code key email mail url link color colour status state"
RULED_OUT_BY: dict[Role, frozenset[str]] = {
    "text": word_set(
        f"{IDENTITY} log date time start end by owner employee person count hours timestamp type user member lead group"
        " category tags resource {words.MONEY}"
    ),
    "category": word_set(f"{IDENTITY} date time hours"),
    "duration": word_set(
        f"id key email url status state {words.OF_CLOCK} {words.MONEY} {words.BREAK} per until percent prozent share"
        " anteil count progress"
    ),
    "project": word_set(f"{IDENTITY} lead manager start end date time hours budget type category"),
    "person": word_set(f"{IDENTITY} {words.MONEY} time hours date group count type story stories defined"),
    "date": word_set("due created updated modified reminder zone payment invoice birth per format deadline"),
    "start": word_set("planned scheduled budget created updated sprint project reminder"),
    "end": word_set("planned scheduled budget created updated sprint project reminder due"),
    "break": frozenset(),
    "count": word_set(f"{IDENTITY} {words.MONEY} date time hours minutes"),
}
WEAK = {"name", "total", "item", "key", "event", "ms", "hs", "days", "tage", "jours", "dias", "giorni", "dagen", "art"}
WEAK |= {"ist", "actual", "actuals", "report", "ticket", "issue", "when", "job"}
# Words that name a start or an end only if they are the whole header, or stand beside the word of a clock.
LOOSE = {
    "de",
    "a",
    "da",
    "du",
    "au",
    "al",
    "alle",
    "dal",
    "dalle",
    "to",
    "from",
    "ab",
    "van",
    "von",
    "tot",
    "bis",
    "complete",
    "completed",
    "fine",
    "in",
    "out",
}
OF_MOMENT = word_set(
    "time date timestamp datetime datum zeit uhrzeit heure date hora fecha data ora tijd am um at on clock day moment"
)
# In the singular these name the day or the week of a row.
DATE_UNITS = {"day", "tag", "jour", "dia", "giorno", "dag", "week", "wk", "wo", "woche", "semaine", "sem", "semana"}
DATE_UNITS |= {"settimana", "pt", "mt", "pd", "seg"}
NOT_DURATION_ENDINGS = ("startzeit", "endzeit", "uhrzeit", "anfangszeit", "pausenzeit", "ruhezeit", "starttijd")
DURATION_ENDINGS = ("zeit", "stunden", "dauer", "minuten", "aufwand", "uren", "tijd", "hours", "minutes", "seconds")
WHOLE_NAMES = {"start": ("in", "timein", "clockin", "checkin"), "end": ("out", "timeout", "clockout", "checkout")}
ALL_DAY = frozenset(words.ALL_DAY.split("|"))


@dataclass(frozen=True)
class Column:
    """A column that may have a role: its index from 0, its header, and the unit that the header names, or none.

    `form` is the form of clock times that the header names: `h:mm`, `mm:ss` or none. `qualifiers` says why its
    durations may not be all that was worked.
    """

    index: int
    header: str
    unit: str = ""
    form: str = ""
    qualifiers: frozenset[str] = frozenset()
    rank: tuple[int, int] = (0, 0)
    # The header, with the place of the column where several have the same or none.
    name: str = ""


@dataclass
class Columns:
    """The columns of a table by what they may hold, best first."""

    texts: list[Column] = field(default_factory=list)
    categories: list[Column] = field(default_factory=list)
    durations: list[Column] = field(default_factory=list)
    starts: list[Column] = field(default_factory=list)
    ends: list[Column] = field(default_factory=list)
    dates: list[Column] = field(default_factory=list)
    persons: list[Column] = field(default_factory=list)
    projects: list[Column] = field(default_factory=list)
    cases: list[Column] = field(default_factory=list)
    breaks: list[Column] = field(default_factory=list)
    all_days: list[Column] = field(default_factory=list)
    counts: list[Column] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)


def named_columns(headers: Sequence[str]) -> Columns:
    """Return the columns that the headers name, best-named first within each role."""
    headers = [header[:LONGEST_HEADER].strip() for header in headers[:MOST_COLUMNS]]
    columns = Columns(headers=headers)
    lists: dict[Role, list[Column]] = {
        "text": columns.texts,
        "category": columns.categories,
        "duration": columns.durations,
        "start": columns.starts,
        "end": columns.ends,
        "date": columns.dates,
        "person": columns.persons,
        "project": columns.projects,
        "case": columns.cases,
        "break": columns.breaks,
        "all_day": columns.all_days,
        "count": columns.counts,
    }
    names = names_of_columns(headers)
    has_largest = any({"max", "maximum"} & set(words_of(header)) for header in headers)
    for index, header in enumerate(headers):
        if has_largest and words_of(header) in (["min"], ["max"]):
            # Beside the largest value, `Min` is the least one and no minutes.
            continue
        if (found := likeliest_role(header)) is not None:
            role, rank = found
            lists[role].append(column_of(index, header, rank, names[index]))
    for role in ("category", "duration", "person", "project"):
        lists[role].sort(key=lambda column: (-column.rank[0], -column.rank[1]))
    columns.texts.sort(key=lambda column: (text_tier(column.header), -column.rank[0], column.index))
    return columns


def column_of(index: int, header: str, rank: tuple[int, int], name: str) -> Column:
    """Return the column with what its header says about units and about what its durations are."""
    return Column(index, header, unit_in(header), form_in(header), qualifiers_in(header), rank, name)


def names_of_columns(headers: Sequence[str]) -> list[str]:
    """Return a name for each column that no other has: its header, with its place where that is empty or not alone."""
    count = Counter(headers)
    return [h if h and count[h] == 1 else f"{h} (column {n})".strip() for n, h in enumerate(headers, start=1)]


def named_roles(cells: Sequence[str]) -> set[str]:
    """Return the roles that the cells of a line name; a cell with a number or a sentence names none."""
    short = [str(cell)[:LONGEST_HEADER] for cell in cells[:MOST_COLUMNS]]
    named = [likeliest_role(cell) for cell in short if cell and len(cell) < 80 and not looks_like_data(cell)]
    return {role for role, _rank in filter(None, named)}


def looks_like_data(cell: str) -> bool:
    """Return True if the cell is a number, an amount, a clock time, a date, or a label with its value: no header."""
    if re.fullmatch(r"[\W\d]*", cell) or re.search(r"\d:\d|\d{4}-\d\d|:\s+\S", cell):
        return True
    amounts = AMOUNT.findall(cell) if AMOUNTS.fullmatch(cell) else []
    return bool(amounts) and all(without_accents(unit.casefold()) in UNITS for unit in amounts)


def likeliest_role(header: str) -> tuple[Role, tuple[int, int]] | None:
    """Return the role that the header fits best and how well, or None if it fits none."""
    if " ".join(words_of(header)) in ALL_DAY:
        return "all_day", (4, 0)
    if "%" in header:
        return None
    if is_case(header):
        return "case", (4, 0)
    if header.strip().casefold() == "à":
        return "end", (4, 0)
    scores = {role: score(role, header) for role in LISTS}
    inside = {word for part in BRACKETED.findall(header) for word in words_of(part)}
    if inside & set(UNITS) and not RULED_OUT_BY["duration"] & set(words_of(header)):
        return "duration", max(scores["duration"], (1, -400))
    best = max(scores, key=lambda role: scores[role][0] * 1000 + scores[role][1])
    return (best, scores[best]) if scores[best] > (0, -999) else None


def is_case(header: str) -> bool:
    """Return True if the header names the case, ticket or key to which a row belongs."""
    found = words_of(header)
    has_case = {"case", "trace", "ticket", "issue", "fall", "caso", "zaak", "dossier", "vorgang", "worklog"} & set(
        found
    )
    if "concept" in found and "name" in found:
        return "case" in found
    return bool(has_case) and (found in (["case"], ["trace"]) or bool({"id", "key", "no", "nr", "number"} & set(found)))


def score(role: Role, header: str) -> tuple[int, int]:
    """Return (fit, rank): how well the header names the role, then minus the word's place; (0, -999) if not."""
    found = words_of(BRACKETED.sub(" ", header)) or words_of(header)
    if role == "text" and found == ["concept", "name"]:
        return (4, 0)
    if len(found) > 1 and RULED_OUT_BY[role] & set(found):
        return (0, -999)
    if role in ("start", "end"):
        return moment_score(role, found)
    ranks = RANKS[role]
    matches = [(quality(word, place, found), -ranks[word]) for place, word in enumerate(found) if word in ranks]
    if not matches and role == "duration":
        return compound_duration(header, found)
    return max(matches, default=(0, -999))


def compound_duration(header: str, found: Sequence[str]) -> tuple[int, int]:
    """Return the fit of a header whose word ends like a duration: `Zeitaufwand`; or which is only a unit."""
    if any(word.endswith(DURATION_ENDINGS) and not word.endswith(NOT_DURATION_ENDINGS) for word in found):
        return (2, -200)
    is_unit = len(found) == 1 and len(found[0]) > 1 and found[0] in UNITS and found[0] not in DATE_UNITS
    return (1, -300) if is_unit else (0, -999)


def moment_score(role: Role, found: Sequence[str]) -> tuple[int, int]:
    """Return the fit of a header for a start or an end: its word alone, or beside the word of a clock or a date."""
    joined = "".join(found)
    if joined in WHOLE_NAMES[role]:
        return (5, 0)
    ranks = RANKS[role]
    places = [place for place, word in enumerate(found) if word in ranks]
    if not places:
        return (0, -999)
    is_moment = len(found) == 1 or (len(found) <= 5 and bool(OF_MOMENT & set(found)))
    is_loose = all(found[place] in LOOSE for place in places)
    if not is_moment or (is_loose and len(found) > 2):
        return (0, -999)
    return (5, -ranks[found[places[0]]])


def quality(word: str, place: int, found: Sequence[str]) -> int:
    """Return 4 if the word is the whole header, 3 if it is the last word, 2 elsewhere, and 1 for a weak word."""
    if word in WEAK:
        return 1
    return 4 if len(found) == 1 else 3 if place == len(found) - 1 else 2


def text_tier(header: str) -> int:
    """Return the place of a text column among the others: subject, description, note, task, project."""
    found = set(words_of(header))
    return next((tier for tier, group in enumerate(TEXT_TIERS) if group & found), TASK)


def unit_in(header: str) -> str:
    """Return the unit (ms, s, min, h, d, w) that the header names for numbers without one; empty if it names none."""
    if form_in(header):
        return ""
    bracketed = [word for inside in BRACKETED.findall(header) for word in words_of(inside)]
    found = words_of(header)
    spelled = [word for word in found if len(word) > 1] + found[-1:]
    # The word for a day also names dates: any other unit in the header counts first.
    for group in (bracketed, spelled):
        units = [UNITS[word] for word in group if word in UNITS]
        if units:
            return next((unit for unit in units if unit not in "dw"), units[0])
    glued = re.search(r"(?:duration|dauer|time|spent)(ms|min|mins|sec|secs|hrs|hours|minutes|seconds)$", "".join(found))
    if glued:
        return UNITS[glued[1]]
    endings = {"stunden": "h", "uren": "h", "hours": "h", "minuten": "min", "minutes": "min", "seconds": "s"}
    by_ending = next((unit for word in found for end, unit in endings.items() if word.endswith(end)), "")
    decimal = {"decimal", "dezimal", "decimale", "industrial", "industriezeit", "industrie"} & set(found)
    return by_ending or ("h" if decimal else "")


def form_in(header: str) -> str:
    """Return the form of clock times that the header names: `h:mm`, `mm:ss`, or empty."""
    folded = header.casefold().replace(" ", "")
    if re.search(r"[hs]{1,3}[:.]?mm?|std[:.]min|hh", folded) and re.search(r"h{1,2}[:.]m{1,2}|hhmm|std[:.]min", folded):
        return "h:mm"
    return "mm:ss" if re.search(r"m{1,2}[:.]s{1,2}\b|min[:.]se[ck]", folded) else ""


def qualifiers_in(header: str) -> frozenset[str]:
    """Return why the column may not hold all that was worked: `planned`, `partial`, `aggregate`, `average`."""
    found = set(words_of(header))
    kinds = {"planned": words.PLANNED, "partial": words.PARTIAL, "aggregate": words.AGGREGATE, "average": words.AVERAGE}
    named = {kind for kind, group in kinds.items() if word_set(group) & found}
    return frozenset(named | ({"aggregate"} if set("Σ∑") & set(header) else set()))
