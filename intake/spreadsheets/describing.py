"""Describe what was found in a file: its sheets, the columns that are used, and what is in doubt."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from intake.spreadsheets.choosing import Durations
from intake.spreadsheets.columns import Column, names_of_columns
from intake.spreadsheets.doubts import Doubt
from intake.spreadsheets.layout import Layout
from intake.spreadsheets.mapping import roles_by_column, used_columns
from intake.spreadsheets.phrases import Phrase, gettext_noop, phrase_of
from intake.spreadsheets.sheet import Line, cell_text
from intake.spreadsheets.survey import Chosen, Survey

# Of so many columns cells are shown, so that a person can choose what they are.
MOST_COLUMNS_SHOWN, CELLS_SHOWN, LONGEST_SHOWN = 100, 3, 60

ANOTHER_TABLE = Phrase(gettext_noop("Another table begins here; it was not read. Send it by itself if it counts."))

Roles = dict[str, dict[str, Any]]


@dataclass
class Reading:
    """What is known about a file before its rows are read: its sheets, columns, and open doubts.

    `columns` is {role: {header, unit}}; a doubt that an answer settles is no longer among `doubts`.
    """

    headers: list[str]
    header_row: int
    sheets: list[dict[str, Any]]
    columns: dict[str, dict[str, Any]]
    doubts: list[Doubt] = field(default_factory=list)
    program: str = ""
    # Of each column: a name that no other column has, its role (`mapping.used_columns`), its cells in the first rows.
    names: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    samples: list[list[str]] = field(default_factory=list)
    is_workbook: bool = False
    # The sum of all rows and the number of those with a duration; while a doubt is open, under its first choice.
    milliseconds: int = 0
    timed: int = 0

    @classmethod
    def from_json(cls, reading: dict[str, Any]) -> "Reading":
        """Return the reading that the reading process wrote."""
        sheets = [{**sheet, "why": phrase_of(sheet["why"])} for sheet in reading["sheets"]]
        doubts = [Doubt.from_json(doubt) for doubt in reading["doubts"]]
        return cls(**{**reading, "sheets": sheets, "doubts": doubts})


def describe(layout: Layout, survey: Survey, chosen: Chosen, durations: Durations, sample: list[Line]) -> Reading:
    """Return the description of the file."""
    sheets, headers = [asdict(sheet) for sheet in layout.sheets], layout.columns.headers
    return Reading(
        headers,
        layout.header_row,
        sheets,
        roles_of(layout, survey, chosen, durations),
        names=names_of_columns(headers),
        roles=roles_by_column(layout.columns, used_columns(survey, chosen, durations)),
        samples=samples_of(len(headers), sample),
        is_workbook=survey.is_workbook,
    )


def samples_of(count: int, sample: list[Line]) -> list[list[str]]:
    """Return for each of the first columns its first different filled cells, shortened."""
    found: list[list[str]] = []
    for index in range(min(count, MOST_COLUMNS_SHOWN)):
        cells = (cell_text(line.cells[index])[:LONGEST_SHOWN] for line in sample if index < len(line.cells))
        found.append(list(dict.fromkeys(cell for cell in cells if cell))[:CELLS_SHOWN])
    return found


def roles_of(layout: Layout, survey: Survey, chosen: Chosen, durations: Durations) -> Roles:
    """Return {role: {header, unit}} of the columns that are used."""
    times, columns = survey.times, layout.columns
    texts = chosen.texts
    found: dict[str, Column | None] = {
        "text": texts[0] if texts else None,
        "category": chosen.category,
        "duration": durations.values.column if durations.values else None,
        "project": columns.projects[0] if columns.projects else None,
        "case": chosen.case,
        "person": chosen.person,
    }
    if times is not None:
        for role, clock in (("start", times.start), ("end", times.end)):
            found[role] = clock.time or clock.moment or clock.day
        found["date"] = times.date or times.start.day
    roles: Roles = {role: {"header": column.header, "unit": None} for role, column in found.items() if column}
    if "duration" in roles:
        roles["duration"]["unit"] = durations.unit or None
    if len(texts) > 1:
        roles["text"]["else"] = [column.header for column in texts[1:]]
    return roles


def warnings_about_file(
    layout: Layout, durations: Durations, doubts: Iterable[Doubt]
) -> Iterator[tuple[int, str | None, Phrase]]:
    """Yield (row, header, sentence) for what was decided without a person, and for what is in doubt."""
    for note in layout.notes:
        yield note.row, note.column, note.message
    for part in layout.parts:
        for number in part.ends:
            yield number, None, ANOTHER_TABLE
    for message in durations.notes:
        yield layout.header_row, durations.header, message
    for doubt in doubts:
        yield doubt.row, doubt.column, doubt.warning


def columns_shown(reading: Reading) -> dict[str, str]:
    """Return {role: header} of the columns that make a row."""
    return {role: c["header"] for role, c in reading.columns.items() if role in ("text", "category", "duration")}
