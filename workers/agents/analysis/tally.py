"""What the friction analysis and the scenario need to know about the rows, counted in one pass or by columns.

Texts are counted by their shape, see `shapes.py`: a text for each invoice number would be as many as the rows. Rows
that name a case or a person and a time of day are kept up to MOST_STEPS; with more, none is kept and `limited` is
True: a part of them, which the order of the rows would choose, would give figures that look right and are not.

Rows that are stored as columns are counted by `stored.py`, with the same result and without a loop over them.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module

from intake.spreadsheets.rows import Row, Rows
from workers.agents.analysis.moments import milliseconds_of, span_of
from workers.agents.analysis.shapes import shape_of

# 36 bytes each.
MOST_STEPS = 1_000_000
MOST_CASES = 250_000
# More names are no list of people. Each text holds one bit a person.
MOST_PEOPLE = 500
# So many rows are kept each for itself, for a bootstrap that draws single rows.
MOST_DRAWN = 1_000
# A task of so many texts or fewer names all of them, so that a reader finds exactly its rows. One of more has mostly
# texts that differ in numbers, by which they are found too; to name them all would make a large deliverable.
MOST_TEXTS_NAMED = 20
QUARTER_MS = 15 * 60_000
UNKNOWN = -1
# An end that is not known; no moment is so early.
NO_END = -(2**62)


@dataclass(slots=True)
class TextTally:
    """The rows whose text has one shape, with one category: their number, the sum of their milliseconds and of squares.

    `first` is the alphabetically first of their texts. Bit i of `people` is set if person i did one of them.
    """

    shape: str
    category: str
    first: str
    count: int = 0
    milliseconds: int = 0
    squares: int = 0
    people: int = field(default=0, compare=False)


@dataclass(slots=True)
class Texts:
    """The different texts of one shape: how many, and up to MOST_TEXTS_NAMED + 1 of them in alphabetical order."""

    count: int
    named: list[str]


@dataclass
class Steps:
    """Rows with a time of day and a case or a person, in columns: `text` and `person` and `case` are indexes.

    `start` and `end` are instants in milliseconds, NO_END if not known. `day` is the number of the local day.
    """

    start: "array[int]" = field(default_factory=lambda: array("q"))
    end: "array[int]" = field(default_factory=lambda: array("q"))
    milliseconds: "array[int]" = field(default_factory=lambda: array("q"))
    day: "array[int]" = field(default_factory=lambda: array("i"))
    text: "array[int]" = field(default_factory=lambda: array("i"))
    person: "array[int]" = field(default_factory=lambda: array("i"))
    case: "array[int]" = field(default_factory=lambda: array("i"))

    def __len__(self) -> int:
        return len(self.start)


@dataclass
class RowTally:
    """The counts of all rows. `people` and `cases` are {name: index}; `texts` are tallies in the order of their index.

    `by_shape` has the different texts of each shape, and `repeated_rows` have a text that another row has too.
    `lasting_rows` have a duration above 0; `short_rows` of them one under 15 minutes. `drawn` holds (index of the
    text, milliseconds) of each row with a text, or is None if there are more than MOST_DRAWN rows.
    """

    rows: int = 0
    milliseconds: int = 0
    squares: int = 0
    lasting_rows: int = 0
    short_rows: int = 0
    short_milliseconds: int = 0
    repeated_rows: int = 0
    texts: list[TextTally] = field(default_factory=list)
    by_shape: dict[str, Texts] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    steps: Steps = field(default_factory=Steps)
    drawn: list[tuple[int, int]] | None = field(default_factory=list)
    limited: bool = False

    @property
    def tells_people(self) -> bool:
        """Return True if the rows name people, and not more than can be kept."""
        return 0 < len(self.people) <= MOST_PEOPLE


def tally_of(rows: Iterable[Row], *, with_steps: bool = True) -> RowTally:
    """Return the tally of the rows; `with_steps` is False where nobody needs the steps."""
    if not isinstance(rows, Rows) or rows.columns is None or rows.total <= MOST_DRAWN:
        return counted(rows, with_steps=with_steps)
    # polars is imported only where columns are counted.
    tally: RowTally = import_module("workers.agents.analysis.stored").tally_of(rows.columns, with_steps=with_steps)
    return tally


def counted(rows: Iterable[Row], *, with_steps: bool = True) -> RowTally:
    """Return the tally of the rows, counted one by one in one pass."""
    tally, indexes, counts = RowTally(), dict[tuple[str, str], int](), Counter[str]()
    for row in rows:
        known = milliseconds_of(row["estimated_minutes"])
        milliseconds = known or 0
        add_duration(tally, milliseconds)
        index = UNKNOWN
        if name := row["text"]:
            counts[name] += 1
            key = shape_of(name), row["category"]
            if (index := indexes.setdefault(key, len(tally.texts))) == len(tally.texts):
                tally.texts.append(TextTally(*key, first=name))
            text = tally.texts[index]
            add_text(text, name, milliseconds)
            add_person(tally, row, text)
            if with_steps:
                add_step(tally, row, index, known)
        if tally.drawn is not None:
            tally.drawn.append((index, milliseconds))
            if tally.rows > MOST_DRAWN:
                tally.drawn = None
    tally.repeated_rows = sum(count for count in counts.values() if count > 1)
    tally.by_shape = texts_by_shape(counts)
    return tally


def add_text(text: TextTally, name: str, milliseconds: int) -> None:
    """Count a row with this text."""
    text.count += 1
    text.milliseconds += milliseconds
    text.squares += milliseconds * milliseconds
    text.first = min(text.first, name)


def texts_by_shape(texts: Iterable[str]) -> dict[str, Texts]:
    """Return the different texts of each shape."""
    found: dict[str, Texts] = {}
    for name in sorted(texts):
        known = found.setdefault(shape_of(name), Texts(0, []))
        known.count += 1
        if known.count <= MOST_TEXTS_NAMED + 1:
            known.named.append(name)
    return found


def add_duration(tally: RowTally, milliseconds: int) -> None:
    """Count a row and its duration."""
    tally.rows += 1
    if milliseconds:
        tally.milliseconds += milliseconds
        tally.squares += milliseconds * milliseconds
        tally.lasting_rows += 1
        if milliseconds < QUARTER_MS:
            tally.short_rows += 1
            tally.short_milliseconds += milliseconds


def add_person(tally: RowTally, row: Row, text: TextTally) -> None:
    """Note who did the row, if it tells and there are not too many people."""
    if (person := index_of(tally.people, row.get("person"))) != UNKNOWN and person < MOST_PEOPLE:
        text.people |= 1 << person


def add_step(tally: RowTally, row: Row, text: int, milliseconds: int | None) -> None:
    """Keep the row as a step if it has a time of day, and a case or a person."""
    person, case = index_of(tally.people, row.get("person")), index_of(tally.cases, row.get("case"))
    if len(tally.cases) > MOST_CASES or len(tally.people) > MOST_CASES:
        tally.steps, tally.limited = Steps(), True
    if tally.limited or person == case == UNKNOWN or not (span := span_of(row, milliseconds)):
        return
    steps = tally.steps
    steps.start.append(span.start.instant)
    steps.end.append(NO_END if span.end_instant is None else span.end_instant)
    steps.milliseconds.append(milliseconds or 0)
    steps.day.append(span.start.wall.toordinal())
    steps.text.append(text)
    steps.person.append(person)
    steps.case.append(case)
    if len(steps) > MOST_STEPS:
        tally.steps, tally.limited = Steps(), True


def index_of(indexes: dict[str, int], name: str | None) -> int:
    """Return the index of the name, a new one for a new name; UNKNOWN without a name, or with too many names."""
    if not name or len(indexes) > MOST_CASES:
        return UNKNOWN
    return indexes.setdefault(name, len(indexes))
