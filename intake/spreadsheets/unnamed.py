"""A table whose header has no word that is known: its columns are shown, so that a person can say what they are."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from intake.spreadsheets.columns import named_columns, names_of_columns
from intake.spreadsheets.describing import Reading, samples_of
from intake.spreadsheets.layout import Layout, Part, add_sheet, find_layout, head_of, possible_header, quoted
from intake.spreadsheets.mapping import names_chosen
from intake.spreadsheets.phrases import gettext_noop
from intake.spreadsheets.sheet import Line, NoHeader, Sheet
from intake.spreadsheets.survey import sample_of

SAMPLE_ROWS = 200
CHOOSE = gettext_noop(
    "No column of %(file)s is named like a task or a duration; its header says %(quoted)s. Say which column holds what "
    "was done and which one how long it took (text_column, duration_column), or name them Task and Duration (min)."
)


def layout_by_answers(name: str, sheets: Iterable[Sheet], answers: Mapping[str, str]) -> Layout:
    """Return the table of the file. Raises Unreadable; NoHeader with the columns, if a person can choose from them."""
    found = list(sheets)
    try:
        return find_layout(name, found, names_chosen(answers))
    except NoHeader as error:
        if (layout := unnamed_layout(found)) is None:
            raise
        refusal = NoHeader(CHOOSE, file=name, quoted=quoted(layout.parts[0].header))
        refusal.reading = describe_unnamed(layout, list(sample_of(layout, SAMPLE_ROWS)))
        raise refusal from error


def unnamed_layout(sheets: Iterable[Sheet]) -> Layout | None:
    """Return the first visible table whose header has no word that is known, so that a person can name its columns."""
    shown = [(sheet, head_of(sheet)) for sheet in sheets if not sheet.is_hidden]
    for sheet, head in shown:
        if (at := possible_header(head)) is not None:
            headers = [str(cell).strip() for cell in head[at].cells]
            layout = Layout([Part(sheet, head[at])], named_columns(headers), [])
            for other, _head in shown:
                add_sheet(layout, other, None)
            return layout
    return None


def describe_unnamed(layout: Layout, sample: list[Line]) -> Reading:
    """Return the description of a table of whose columns nobody has said what they are."""
    headers = layout.columns.headers
    return Reading(
        headers,
        layout.header_row,
        [asdict(sheet) for sheet in layout.sheets],
        {},
        names=names_of_columns(headers),
        roles=[""] * len(headers),
        samples=samples_of(len(headers), sample),
        is_workbook=not layout.parts[0].sheet.is_ragged,
    )
