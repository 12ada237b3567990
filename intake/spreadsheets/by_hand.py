"""What a person decided about single rows and cells of a file: which rows count, and what a cell should have said."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace

from intake.spreadsheets.answers import Place, chosen_rows, mended_cells
from intake.spreadsheets.layout import Layout, Part
from intake.spreadsheets.mapping import column_named
from intake.spreadsheets.phrases import Phrase, gettext_noop
from intake.spreadsheets.sheet import RowWarning, Unreadable, cell_text
from intake.spreadsheets.survey import Survey

CHANGED = gettext_noop("The cell was changed by hand from “%(said)s” to “%(text)s”.")
LEFT_OUT = Phrase(gettext_noop("The row was left out by hand."))


def mend(layout: Layout, answers: Mapping[str, str]) -> None:
    """Have the layout's lines say what a person wrote into their cells. Raises Unreadable for an unknown column."""
    mended: dict[int, dict[int, dict[int, str]]] = {}
    for place, cells in mended_cells(answers).items():
        for name, text in cells.items():
            column = column_named(layout.columns.headers, name)
            if column is None:
                raise no_such_row(place)
            part = part_of(layout, place)
            mended.setdefault(part, {}).setdefault(place.number, {})[column.index] = text
    layout.parts = [replace(part, mended=mended.get(n, {})) for n, part in enumerate(layout.parts)]
    layout.notes += [note for part in layout.parts if part.mended for note in notes_about(part, layout.columns.headers)]


def notes_about(part: Part, headers: list[str]) -> Iterator[RowWarning]:
    """Yield a note about each mended cell of the part, with what the file says there."""
    missing = set(part.mended)
    for line in part.lines_as_written():
        if line.number in missing:
            missing.remove(line.number)
            for index, text in part.mended[line.number].items():
                said = cell_text(line.cells[index]) if index < len(line.cells) else ""
                message = Phrase(CHANGED, said=said[:80], text=text[:80])
                yield RowWarning(line.number, headers[index], message, is_note=True)
        if not missing:
            return


def decided_rows(layout: Layout, survey: Survey, answers: Mapping[str, str]) -> dict[int, bool]:
    """Return for each row that a person decided about, by its index, whether it counts.

    Raises Unreadable if there is no such row, also for one with a mended cell.
    """
    decided = {index_in(layout, survey, place): counts for place, counts in chosen_rows(answers).items()}
    for place in mended_cells(answers):
        index_in(layout, survey, place)
    return decided


def part_of(layout: Layout, place: Place) -> int:
    """Return the number of the part that the place lies in. Raises Unreadable if no such sheet is read."""
    names = [part.sheet.name for part in layout.parts]
    if not place.sheet:
        return 0
    if place.sheet not in names:
        raise no_such_row(place)
    return names.index(place.sheet)


def index_in(layout: Layout, survey: Survey, place: Place) -> int:
    """Return the index of the row at this place. Raises Unreadable if the table has no such row."""
    part = part_of(layout, place)
    starts = [*survey.parts, len(survey)]
    try:
        return survey.numbers.index(place.number, starts[part], starts[part + 1])
    except ValueError:
        raise no_such_row(place) from None


def no_such_row(place: Place) -> Unreadable:
    """Return the refusal of an answer about a row that the table has not."""
    words = gettext_noop("The table has no row %(row)s. Rows are counted as your spreadsheet counts them.")
    return Unreadable(words, row=str(place))


def place_of(layout: Layout, survey: Survey, index: int) -> str:
    """Return the name of the row with this index, as answers name it."""
    part = bisect_right(survey.parts, index) - 1
    return str(Place(layout.parts[part].sheet.name if part else "", survey.numbers[index]))
