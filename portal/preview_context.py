"""What the page of a preview shows: figures, answers and remembered choices in words, and the inputs to change them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clarifications.wording import choice_in_words
from intake.preview import FileColumn, Preview
from intake.spreadsheets.answers import CELL as CELL_FIELD
from intake.spreadsheets.answers import COLUMN_FIELDS, COUNT, ROW, UNUSED
from intake.spreadsheets.sheet import MS_PER_MINUTE
from portal.file_choices import CELL, COLUMN, UNIT
from reports.figures import number_in_words
from reports.periods import period_in_words

UNITS = {
    "min": gettext_lazy("minutes"),
    "h": gettext_lazy("hours"),
    "s": gettext_lazy("seconds"),
    "ms": gettext_lazy("milliseconds"),
    "d": gettext_lazy("working days of 8 hours"),
    "w": gettext_lazy("working weeks of 40 hours"),
    "h.mm": gettext_lazy("hours and minutes: 9.15 is 9 h 15 min"),
    "hhmm": gettext_lazy("hours and minutes: 0130 is 1 h 30 min"),
    "day": gettext_lazy("fractions of a day of 24 hours"),
}
FIELDS = {
    "duration_unit": gettext_lazy("Unit of the numbers"),
    "clock_form": gettext_lazy("Times such as 18:25"),
    "decimal_mark": gettext_lazy("Sign before the fraction"),
    "breaks": gettext_lazy("Breaks"),
    "times": gettext_lazy("Number of times"),
    "last_row": gettext_lazy("The last row"),
    "same_sheets": gettext_lazy("Sheets that are equal"),
    "text_column": gettext_lazy("What was done"),
    "category_column": gettext_lazy("Category"),
    "duration_column": gettext_lazy("Duration"),
    "start_column": gettext_lazy("Start"),
    "end_column": gettext_lazy("End"),
    "date_column": gettext_lazy("Date"),
    "person_column": gettext_lazy("Person"),
    "case_column": gettext_lazy("Case or ticket"),
    "break_column": gettext_lazy("Break"),
    "count_column": gettext_lazy("Number of times"),
}
VALUES = {
    "total": gettext_lazy("a total"),
    "task": gettext_lazy("a task"),
    "once": gettext_lazy("counted once"),
    "both": gettext_lazy("both are counted"),
    "multiplied": gettext_lazy("multiplied"),
    "taken-off": gettext_lazy("taken off"),
    "counted": gettext_lazy("counted as work"),
    "together": gettext_lazy("all columns together"),
    "start-to-end": gettext_lazy("the time from start to end"),
}
# So many unread rows are shown with cells to mend; the file with all of them can be downloaded.
MOST_MENDED, MOST_CELLS = 200, 6


def preview_context(read: Preview, posted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context of the page; `posted` holds the choices that were refused, to be shown again."""
    names = ("rows_read", "minutes", "hours", "row_warnings")
    return {
        **{name: number_in_words(getattr(read, name)) for name in names},
        "period": period_in_words(read.period),
        "doubts": [
            (doubt, [(choice.value, choice_in_words(choice.title, choice.minutes)) for choice in doubt.choices])
            for doubt in read.doubts
        ],
        "columns": [(column, f"{COLUMN}{column.place}", chosen_role(column, posted)) for column in read.columns],
        "unit": unit_choice(read, posted),
        "given": [(field, *answer_in_words(field, value)) for field, value in (read.given or {}).items()],
        "recalled": [answer_in_words(*answer) for answer in (read.recalled.answers if read.recalled else {}).items()],
        "contradicted": [
            answer_in_words(*answer) for answer in (read.recalled.contradicted if read.recalled else {}).items()
        ],
        "left_out": [{**row, "minutes": minutes_of(row)} for row in read.left_out],
        "unread": unread_rows(read, posted),
        "unread_headers": [column.name for column in mendable_columns(read)],
    }


def chosen_role(column: FileColumn, posted: Mapping[str, Any]) -> str:
    """Return the role to show for the column: the one that was refused, else its own."""
    return str(posted.get(f"{COLUMN}{column.place}", column.role))


def unit_choice(read: Preview, posted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input for the unit of the durations: its name, its choices, what is chosen, what was read."""
    chosen = str(posted.get(UNIT, (read.answers or {}).get("duration_unit", "")))
    return {"name": UNIT, "choices": UNITS.items(), "chosen": chosen, "read": UNITS.get(read.unit, read.unit)}


def answer_in_words(field: str, value: str) -> tuple[str, str]:
    """Return (what was decided, how) in the reader's language."""
    if match := ROW.fullmatch(field):
        place = f"{match[1]}!{match[2]}" if match[1] else match[2]
        return _("Row %(row)s") % {"row": place}, _("counted") if value == COUNT else _("left out")
    if match := CELL_FIELD.fullmatch(field):
        place = f"{match[1]}!{match[2]}" if match[1] else match[2]
        return _("Row %(row)s, “%(column)s”") % {"row": place, "column": match[3]}, value or _("empty")
    words = str(FIELDS.get(field, field))
    if field in COLUMN_FIELDS and value == UNUSED:
        return words, _("no column")
    known = UNITS if field == "duration_unit" else VALUES
    return words, str(known.get(value, value))


def minutes_of(row: Mapping[str, Any]) -> str:
    """Return the minutes of a row that was left out, in words; empty if it has none."""
    milliseconds = row["milliseconds"]
    return str(number_in_words(milliseconds / MS_PER_MINUTE)) if milliseconds > 0 else ""


def mendable_columns(read: Preview) -> list[FileColumn]:
    """Return the columns whose cells can be mended on the page: those that are used."""
    return [column for column in read.columns if column.role][:MOST_CELLS]


def unread_rows(read: Preview, posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that could not be read, each with an input for each cell that is used."""
    columns, found = mendable_columns(read), []
    for row in read.unread[:MOST_MENDED]:
        inputs = []
        for column in columns:
            cell = row["cells"][column.place] if column.place < len(row["cells"]) else ""
            name = f"{CELL}{row['place']}:{column.name}"
            inputs.append((name, column.name, posted.get(name, cell)))
        found.append({**row, "inputs": inputs})
    return found
