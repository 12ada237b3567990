"""Describe what was found in a file: its sheets, the columns that are used, and what is in doubt."""

from dataclasses import asdict, dataclass, field
from typing import Any

from intake.spreadsheets.choosing import Durations
from intake.spreadsheets.columns import Column
from intake.spreadsheets.doubts import Doubt
from intake.spreadsheets.layout import Layout
from intake.spreadsheets.phrases import phrase_of
from intake.spreadsheets.survey import Chosen, Survey

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

    @classmethod
    def from_json(cls, reading: dict[str, Any]) -> "Reading":
        """Return the reading that the reading process wrote."""
        sheets = [{**sheet, "why": phrase_of(sheet["why"])} for sheet in reading["sheets"]]
        doubts = [Doubt.from_json(doubt) for doubt in reading["doubts"]]
        return cls(**{**reading, "sheets": sheets, "doubts": doubts})


def describe(layout: Layout, survey: Survey, chosen: Chosen, durations: Durations) -> Reading:
    """Return the description of the file."""
    sheets = [asdict(sheet) for sheet in layout.sheets]
    return Reading(layout.columns.headers, layout.header_row, sheets, roles_of(layout, survey, chosen, durations))


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
