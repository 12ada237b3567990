"""Go through a table once and note, for each row, what its durations, times and labels may mean. Rows are not kept."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from intake.spreadsheets.columns import NOTE, PROJECT, TASK, Column, Columns, text_tier
from intake.spreadsheets.durations import DecimalMark, Kind, Quantity, quantity_of
from intake.spreadsheets.labels import FIRST_LETTERS, Label, label_of
from intake.spreadsheets.layout import Layout
from intake.spreadsheets.phrases import gettext_noop
from intake.spreadsheets.sheet import MOST_ROWS, BrokenCell, Cell, Line, Unreadable
from intake.spreadsheets.spans import Times, cell_in, times_of

# A cell that was read before is not read again; at this many different cells the memory begins anew.
MOST_REMEMBERED = 20_000
MOST_CANDIDATES = 8
MOST_CATEGORIES = 100_000
# Rows that come twice are looked for among so many; more would take too much memory.
MOST_FINGERPRINTS = 150_000


class Values:
    """What the cells of one column say as durations, a row after the other."""

    def __init__(self, column: Column, decimal: DecimalMark) -> None:
        self.column, self._decimal = column, decimal
        self.kinds, self.values = bytearray(), array("q")
        self.marks: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self._read: dict[Cell, Quantity] = {}
        self._index = column.index
        # What was computed from the values once, by the meaning that was given to them.
        self.computed: dict[object, array[int]] = {}

    def add(self, cells: Sequence[Cell]) -> None:
        """Note the column's cell of the next row."""
        try:
            quantity = self._read[cells[self._index]]
        except (KeyError, IndexError):
            quantity = self._read_cell(cells)
        kind, value, _message, mark, unit = quantity
        self.kinds.append(kind)
        self.values.append(value)
        if mark:
            self.marks[mark] += 1
        if unit:
            self.units[unit] += 1

    def _read_cell(self, cells: Sequence[Cell]) -> Quantity:
        """Return what a cell says that was not read before, and remember it."""
        cell = cells[self._index] if self._index < len(cells) else ""
        if len(self._read) >= MOST_REMEMBERED:
            self._read.clear()
        quantity = self._read[cell] = quantity_of(cell, self._decimal)
        return quantity

    def count(self, *kinds: Kind) -> int:
        """Return the number of rows whose cell is of one of the kinds."""
        return sum(self.kinds.count(kind) for kind in kinds)

    @property
    def readable(self) -> int:
        return self.count(Kind.BARE, Kind.FIXED, Kind.CLOCK, Kind.COMMA, Kind.DOT)

    @property
    def failed(self) -> int:
        return self.count(Kind.UNREADABLE)


@dataclass
class Survey:
    """What one pass over the table found: for each row its number, label and depth, and each candidate's values."""

    numbers: "array[int]" = field(default_factory=lambda: array("L"))
    labels: bytearray = field(default_factory=bytearray)
    filled: bytearray = field(default_factory=bytearray)
    candidates: list[Values] = field(default_factory=list)
    times: Times | None = None
    breaks: Values | None = None
    counts: Values | None = None
    categories: Counter[str] = field(default_factory=Counter)
    # The index of the first row of each part.
    parts: list[int] = field(default_factory=list)
    # The rows that are equal to an earlier one in every cell, in tables whose rows say when they were.
    duplicates: list[int] = field(default_factory=list)
    is_workbook: bool = False
    seen: set[int] = field(default_factory=set)

    def note_twin(self, cells: Sequence[Cell]) -> None:
        """Note the row as a duplicate if all its cells are those of an earlier row."""
        fingerprint = hash(tuple(cells))
        if fingerprint in self.seen:
            self.duplicates.append(len(self.numbers))
        elif len(self.seen) < MOST_FINGERPRINTS:
            self.seen.add(fingerprint)

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class Chosen:
    """The columns that are looked at in a pass, decided from a sample."""

    texts: list[Column]
    category: Column | None
    durations: list[Column]
    times: Times | None
    decimal: DecimalMark
    person: Column | None = None
    case: Column | None = None


def survey_of(name: str, layout: Layout, chosen: Chosen) -> Survey:
    """Read all lines of the table once. Raises Unreadable if there are more than MOST_ROWS rows."""
    survey = Survey(candidates=[Values(column, chosen.decimal) for column in chosen.durations], times=chosen.times)
    breaks = layout.columns.breaks
    survey.breaks = Values(breaks[0], chosen.decimal) if breaks and chosen.times else None
    survey.counts = Values(layout.columns.counts[0], chosen.decimal) if layout.columns.counts else None
    watched = [*survey.candidates, *filter(None, (survey.breaks, survey.counts))]
    survey.is_workbook = not layout.parts[0].sheet.is_ragged
    reads = [values.add for values in watched]
    if chosen.times:
        reads += [chosen.times.add, survey.note_twin]
    for part in layout.parts:
        survey.parts.append(len(survey))
        note_part(survey, part.lines(), reads, chosen)
        if len(survey) > MOST_ROWS:
            words = gettext_noop("%(file)s has more than %(most)s rows: split it into smaller files.")
            raise Unreadable(words, file=name, most=MOST_ROWS)
    return survey


def note_part(
    survey: Survey, lines: Iterator[Line], reads: Sequence[Callable[[list[Cell]], None]], chosen: Chosen
) -> None:
    """Note of each line its number, how many cells it fills, its category, and whether it is labelled like a total.

    Stops after MOST_ROWS rows.
    """
    texts = [column.index for column in chosen.texts]
    place, best = chosen.category.index if chosen.category else -1, texts[0] if texts else -1
    numbers, labels, filled, categories = survey.numbers, survey.labels, survey.filled, survey.categories
    for number, cells, fault in lines:
        for read in reads:
            read(cells)
        width = len(cells)
        named = str(cells[place]).strip() if -1 < place < width else ""
        if named and (named in categories or len(categories) < MOST_CATEGORIES):
            categories[named] += 1
        numbers.append(number)
        filled.append(min(width - cells.count(""), 255))
        text = cells[best] if -1 < best < width else ""
        if text and type(text) is str and named[:3] not in FIRST_LETTERS and text[:3] not in FIRST_LETTERS:
            begin = cells[0]
            if type(begin) is not str or (begin and begin[:3] not in FIRST_LETTERS):
                labels.append(Label.NONE)
                continue
        labels.append(Label.NONE if fault else label_of_line(cells, texts, named))
        if len(numbers) > MOST_ROWS:
            return


def label_of_line(cells: list[Cell], texts: list[int], category: str) -> Label:
    """Return the label of a line: a total by its words, without any name, with part of its names, or none."""
    depth = next((place for place, index in enumerate(texts) if index < len(cells) and cells[index] != ""), None)
    first = next((cell for cell in cells if cell != ""), "")
    for cell in (first, category, cells[texts[depth]] if depth is not None else ""):
        if isinstance(cell, str) and cell.lstrip()[:3] in FIRST_LETTERS:
            label = label_of(cell)
            if label is not Label.NONE:
                # Nobody did a task that has no name of its own.
                return Label.TOTAL if depth is None else label
    if depth is None and not category:
        return Label.NAMELESS
    return Label.PARTIAL if depth is None or depth > 0 else Label.NONE


def sample_of(layout: Layout, most: int) -> Iterator[Line]:
    """Yield the first lines of the table, without faulty ones."""
    for count, line in enumerate(layout.lines()):
        if count >= most:
            return
        if not line.fault:
            yield line


def choose_columns(columns: Columns, sample: list[Line], decimal: DecimalMark) -> Chosen:
    """Return the columns to look at: those that are filled in the sample, the texts in the order of their worth."""
    person = next(iter(filled_columns(columns.persons, sample)), None)
    times = times_of(columns, sample, person)
    used = {column.index for column in times.columns} if times else set()
    texts = order_of_texts([c for c in columns.texts if c.index not in used], sample)
    projects = filled_columns(columns.projects, sample)
    texts += [column for column in projects if column not in texts]
    categories = filled_columns(columns.categories, sample)
    if not categories:
        categories = projects or [c for c in texts[1:] if TASK == text_tier(c.header) > text_tier(texts[0].header)]
    durations = [column for column in columns.durations if column.index not in used][:MOST_CANDIDATES]
    return Chosen(
        texts,
        categories[0] if categories else None,
        durations,
        times,
        decimal,
        None if person and says_the_same(person, texts[:1], sample) else person,
        case_of(columns.cases, [*texts[:1], *filter(None, [person])], sample),
    )


def case_of(cases: list[Column], others: list[Column], sample: list[Line]) -> Column | None:
    """Return the column that names the case of a row, best one in which cases come again; None if there is none.

    A column that only repeats the task or the person tells of no case.
    """
    left = [column for column in filled_columns(cases, sample) if not says_the_same(column, others, sample)]

    def has_no_case_twice(column: Column) -> bool:
        named = [cell_in(line.cells, column) for line in sample]
        return len(set(named)) == len(named)

    return min(left, key=has_no_case_twice, default=None)


def says_the_same(column: Column, others: list[Column], sample: list[Line]) -> bool:
    """Return True if the column has, in every line of the sample, the cell of one of the other columns."""
    return any(
        all(cell_in(line.cells, column) == cell_in(line.cells, other) for line in sample) for other in others if sample
    )


def order_of_texts(texts: list[Column], sample: list[Line]) -> list[Column]:
    """Return the text columns that are filled, best first; a note stands last unless it is filled in most rows."""
    count = {column.index: filled_cells(column, sample) for column in texts}
    kept = [column for column in texts if count[column.index]] or texts[:1]
    fullest = max((count[column.index] for column in kept), default=0)

    def place(column: Column) -> tuple[int, int, int]:
        tier = text_tier(column.header)
        is_sparse_note = tier == NOTE and count[column.index] * 2 < fullest
        return (PROJECT if is_sparse_note else tier, -column.rank[0], column.index)

    return sorted(kept, key=place)


def filled_columns(columns: list[Column], sample: list[Line]) -> list[Column]:
    """Return the columns that are filled in at least half as many rows of the sample as the fullest of them."""
    count = {column.index: filled_cells(column, sample) for column in columns}
    fullest = max(count.values(), default=0)
    return [column for column in columns if count[column.index] * 2 >= fullest and (fullest or not sample)]


def filled_cells(column: Column, sample: list[Line]) -> int:
    """Return in how many lines of the sample the column is filled."""
    index = column.index
    return sum(
        index < len(line.cells) and (isinstance(line.cells[index], BrokenCell) or str(line.cells[index]).strip() != "")
        for line in sample
    )
