"""Find the table in a file: which sheets are read, where their headers stand, and the lines below them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from intake.spreadsheets.columns import Columns, looks_like_data, named_columns, named_roles, names_of_columns
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import NO_PHRASE, Cell, Line, NoHeader, RowWarning, Sheet
from intake.spreadsheets.words import words_of

# Titles and notes may come before the table: the header is searched in the first lines that are not blank.
HEADER_WITHIN_LINES = 30
SUMMARY_NAMES = frozenset(
    [
        "summary",
        "overview",
        "total",
        "totals",
        "sum",
        "pivot",
        "all",
        "report",
        "dashboard",
        "ubersicht",
        "uebersicht",
        "zusammenfassung",
        "gesamt",
        "alle",
        "summe",
        "auswertung",
        "recap",
        "recapitulatif",
        "synthese",
        "resume",
        "total",
        "resumen",
        "riepilogo",
        "sintesi",
        "resumo",
        "overzicht",
        "samenvatting",
    ]
)
SHEET_LEFT_OUT = gettext_noop("The sheet “%(name)s” was not read: it %(why)s.")
SEND_IT_ALONE = gettext_noop("The sheet “%(name)s” was not read: it %(why)s. Send it by itself if its rows count.")
HIDDEN_READ = gettext_noop("The sheet “%(name)s” is hidden; it was read.")
HEADER_FOUND = gettext_noop("The header was found in line %(row)s.")
# Why a sheet is read, or not.
FIRST_VISIBLE = Phrase(gettext_noop("the first visible sheet with a table"))
NONE_VISIBLE = Phrase(gettext_noop("no visible sheet has a table"))
SAME_HEADER = Phrase(gettext_noop("has the same header"))
OTHER_HEADER = Phrase(gettext_noop("has another header"))
NO_HEADER = Phrase(gettext_noop("has no header of a table"))
HIDDEN = Phrase(gettext_noop("is hidden"))
A_SUMMARY = Phrase(gettext_noop("is a summary"))
# A line of nothing else is blank, or a rule between header and rows.
RULES = " \t\xa0-=_+|:"
TIMED, NAMED = {"duration", "start", "end"}, {"text", "category", "project", "case", "person"}


@dataclass(frozen=True)
class SheetReport:
    """A sheet of the file, whether it is read, and why."""

    name: str
    read: bool
    why: Phrase


@dataclass(frozen=True)
class Part:
    """A sheet that is read: its header, and the position of each column of the first part in it, if they differ."""

    sheet: Sheet
    header: Line
    positions: list[int | None] | None = None
    # The line at which another table begins, once the lines were read.
    ends: list[int] = field(default_factory=list)
    # {number of a line: {index of a cell: what a person wrote into it}}.
    mended: dict[int, dict[int, str]] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the table, with the cells that a person mended."""
        lines = self.lines_as_written()
        return (mended_line(line, self.mended) for line in lines) if self.mended else lines

    def lines_as_written(self) -> Iterator[Line]:
        """Yield the lines below the header that are neither blank nor the header again, up to the next table."""
        header, positions, previous = self.header, self.positions, self.header.number
        first, start, is_text = header.cells[0], header.number, bool(self.sheet.delimiter)
        for line in self.sheet.lines():
            number, cells, fault = line
            if number <= start:
                continue
            if not fault:
                begin = cells[0]
                if begin == first and same_cells(line, header):
                    continue
                if is_text and (not begin or begin[0] in RULES) and not "".join(cells).strip(RULES):  # type: ignore
                    continue
                if number > previous + 1 and is_other_header(line):
                    self.ends[:] = [number]
                    return
            previous = number
            yield line if positions is None else moved(line, positions)


@dataclass
class Layout:
    """The table of a file: the sheets that are read, the headers of its columns, and what is to be said about it."""

    parts: list[Part]
    columns: Columns
    sheets: list[SheetReport]
    notes: list[RowWarning] = field(default_factory=list)

    def leave_out(self, place: int, why: Phrase) -> None:
        """Report that the part at this place is not read after all."""
        name = self.parts[place].sheet.name
        self.sheets = [SheetReport(name, False, why) if sheet.name == name else sheet for sheet in self.sheets]
        message = Phrase(SHEET_LEFT_OUT, name=name, why=why)
        self.notes.append(RowWarning(self.parts[place].header.number, None, message))

    @property
    def header_row(self) -> int:
        """Return the number of the line of the header."""
        return self.parts[0].header.number

    def lines(self) -> Iterator[Line]:
        """Yield the lines of all parts in order; the same ones at each call."""
        for part in self.parts:
            yield from part.lines()


def find_layout(name: str, sheets: Iterable[Sheet], chosen: Collection[str] = ()) -> Layout:
    """Return the table of the file. Raises Unreadable if no sheet has a header.

    `chosen` are the names of columns that a person chose. Where no header has a word that is known, they tell it.
    """
    found = [(sheet, head := head_of(sheet), header_in(head)) for sheet in sheets]
    if chosen and first_table(found) is None:
        found = [(sheet, head, header_with(head, chosen)) for sheet, head, _at in found]
    first = first_table(found)
    if first is None:
        raise no_header(name, [head for _sheet, head, _at in found])
    sheet, header = first
    headers = [str(cell).strip() for cell in header.cells]
    layout = Layout([Part(sheet, header)], named_columns(headers), [])
    for other, head, at in found:
        add_sheet(layout, other, head[at] if at is not None else None)
    if header.number > 2 and sheet.delimiter:
        layout.notes.append(RowWarning(header.number, None, Phrase(HEADER_FOUND, row=str(header.number))))
    layout.notes += [RowWarning(header.number, None, note) for note in sheet.notes]
    return layout


def head_of(sheet: Sheet) -> list[Line]:
    """Return the first lines of the sheet that are not blank."""
    return list(islice((line for line in sheet.lines() if not line.is_blank), HEADER_WITHIN_LINES))


def header_in(head: list[Line]) -> int | None:
    """Return the index of the header: the first line that names a time and a task, else the best after it.

    A line with a single cell is a title, unless the whole table has one column.
    """
    roles = [named_roles([str(cell) for cell in line.cells]) for line in head]
    wide = max((filled(line) for line in head), default=0) > 1
    usable = [index for index, line in enumerate(head) if filled(line) > 1 or not wide]
    tests: list[Callable[[set[str]], bool]] = [
        lambda named: bool(named & TIMED) and bool(named & NAMED),
        lambda named: len(named) > 1,
        lambda named: bool(named & {"text", "duration"}),
    ]
    for test in tests:
        if (found := next((index for index in usable if test(roles[index])), None)) is not None:
            return found
    return None


def header_with(head: list[Line], names: Collection[str]) -> int | None:
    """Return the index of the line that may be the header if it has all these names of columns, else None."""
    at = possible_header(head)
    headers = [str(cell).strip() for cell in head[at].cells] if at is not None else []
    return at if set(names) <= {*headers, *names_of_columns(headers)} else None


def possible_header(head: list[Line]) -> int | None:
    """Return the index of the first line of several names that stands above another line; None if data stands there."""
    at = next((index for index, line in enumerate(head[:-1]) if filled(line) > 1), None)
    if at is None or any(looks_like_data(text) for cell in head[at].cells if (text := str(cell).strip())):
        return None
    return at


def filled(line: Line) -> int:
    """Return the number of the line's filled cells."""
    return sum(str(cell).strip() != "" for cell in line.cells)


Found = tuple[Sheet, list[Line], int | None]


def first_table(found: list[Found]) -> tuple[Sheet, Line] | None:
    """Return the sheet whose table leads, with its header: visible before hidden, a list before a summary."""
    tables = [(sheet, head[at]) for sheet, head, at in found if at is not None]

    def rank(table: tuple[Sheet, Line]) -> tuple[bool, bool, bool]:
        sheet, header = table
        named = named_roles([str(cell) for cell in header.cells])
        return (sheet.is_hidden, not (named & TIMED and named & NAMED), is_summary(sheet))

    return min(tables, key=rank, default=None)


def add_sheet(layout: Layout, sheet: Sheet, header: Line | None) -> None:
    """Report the sheet, and read it too if it has the header of the first part."""
    first = layout.parts[0]
    if sheet is first.sheet:
        why = FIRST_VISIBLE if not sheet.is_hidden else NONE_VISIBLE
        layout.sheets.append(SheetReport(sheet.name, True, why))
        if sheet.is_hidden:
            layout.notes.append(RowWarning(first.header.number, None, Phrase(HIDDEN_READ, name=sheet.name)))
        return
    why = why_not(sheet, header)
    positions = positions_in(first.header, header) if header else None
    if not why and header is not None and positions is not None:
        layout.parts.append(Part(sheet, header, None if positions == list(range(len(positions))) else positions))
        layout.sheets.append(SheetReport(sheet.name, True, SAME_HEADER))
        return
    why = why or OTHER_HEADER
    layout.sheets.append(SheetReport(sheet.name, False, why))
    if header is not None:
        message = Phrase(SEND_IT_ALONE, name=sheet.name, why=why)
        layout.notes.append(RowWarning(header.number, None, message))


def why_not(sheet: Sheet, header: Line | None) -> Phrase:
    """Return why the sheet is not read whatever its columns are; empty if nothing speaks against it."""
    if header is None:
        return NO_HEADER
    if sheet.is_hidden:
        return HIDDEN
    return A_SUMMARY if is_summary(sheet) else NO_PHRASE


def is_summary(sheet: Sheet) -> bool:
    """Return True if the sheet is named like a summary of the others."""
    return bool(SUMMARY_NAMES & set(words_of(sheet.name)))


def positions_in(first: Line, other: Line) -> list[int | None] | None:
    """Return where each column of the first header stands in the other; None if a duration is missing, or any name."""
    names = [" ".join(words_of(str(cell))) for cell in other.cells]
    positions: list[int | None] = []
    for cell in first.cells:
        name = " ".join(words_of(str(cell)))
        place = next((n for n, other_name in enumerate(names) if other_name == name and n not in positions), None)
        if place is None and name and named_roles([str(cell)]) & TIMED:
            return None
        positions.append(place)
    found = [str(cell) for cell, place in zip(first.cells, positions, strict=True) if place is not None]
    return positions if named_roles(found) & NAMED else None


def moved(line: Line, positions: Sequence[int | None]) -> Line:
    """Return the line with its cells in the order of the first part's columns."""
    cells: list[Cell] = [line.cells[n] if n is not None and n < len(line.cells) else "" for n in positions]
    return Line(line.number, cells, line.fault)


def mended_line(line: Line, mended: dict[int, dict[int, str]]) -> Line:
    """Return the line with the cells that a person wrote for its number."""
    if line.number not in mended:
        return line
    cells = dict(enumerate(line.cells)) | dict[int, Cell](mended[line.number])
    return Line(line.number, [cells.get(index, "") for index in range(max(cells) + 1)])


def same_cells(line: Line, header: Line) -> bool:
    """Return True if the line repeats the header, as files do that were joined or printed page by page."""
    return [str(cell).strip() for cell in line.cells] == [str(cell).strip() for cell in header.cells]


def is_other_header(line: Line) -> bool:
    """Return True if the line, which follows a blank one, is the header of another table: two roles and no data."""
    texts = [text for cell in line.cells if (text := str(cell).strip())]
    return not any(map(looks_like_data, texts)) and len(named_roles(texts)) > 1


def no_header(name: str, heads: list[list[Line]]) -> NoHeader:
    """Return the refusal of a file without a header; it quotes the first line that was found."""
    line = next((head[0] for head in heads if head), None)
    if line is None or not line.cells:
        words = gettext_noop("%(file)s has no rows: it needs a header row and rows below it.")
        return NoHeader(words, file=name)
    words = gettext_noop(
        "No column of %(file)s is named like a task or a duration; its first row says %(quoted)s. Name the columns in "
        "the first row, for example Task, Category and Duration (min), or fill in the empty table that the page of a "
        "new request offers."
    )
    return NoHeader(words, file=name, quoted=quoted(line))


def quoted(line: Line) -> str:
    """Return the first cells of the line for a message."""
    return ", ".join(f"“{str(cell)[:40]}”" for cell in line.cells[:12])
