"""Describe what was found in a file: its sheets, the columns that are used, the period, and what is in doubt."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from intake.spreadsheets.checks import period_of
from intake.spreadsheets.choosing import Durations
from intake.spreadsheets.columns import Column
from intake.spreadsheets.doubts import Doubt
from intake.spreadsheets.layout import Layout
from intake.spreadsheets.survey import Chosen, Survey

Roles = dict[str, dict[str, Any]]


@dataclass
class Reading:
    """What is known about a file before its rows are read: its sheets, columns, period, and open doubts.

    `columns` is {role: {header, unit}}; a doubt that an answer settles is no longer among `doubts`.
    """

    headers: list[str]
    header_row: int
    sheets: list[dict[str, Any]]
    columns: dict[str, dict[str, Any]]
    doubts: list[Doubt] = field(default_factory=list)
    program: str = ""
    # First and last day of the rows (ISO dates), the number of days with rows, and of people; none without dates.
    period: dict[str, Any] | None = None


def describe(layout: Layout, survey: Survey, chosen: Chosen, durations: Durations, left_out: Iterable[int]) -> Reading:
    """Return the description of the file; `left_out` are the rows that are totals."""
    span = None
    if period := period_of(survey.times, left_out):
        first, last, days, people = period
        span = {"first": first.isoformat(), "last": last.isoformat(), "days": days, "people": people}
    sheets = [asdict(sheet) for sheet in layout.sheets]
    roles = roles_of(layout, survey, chosen, durations)
    return Reading(layout.columns.headers, layout.header_row, sheets, roles, period=span)


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
