"""What the page of a preview shows: figures, answers and remembered choices in words, and the inputs to change them."""

from collections.abc import Mapping
from typing import Any

from backlog.reading_words import UNITS, answer_in_words
from clarifications.wording import choice_in_words
from intake.preview import FileColumn, Preview
from intake.spreadsheets.sheet import MS_PER_MINUTE
from pages.phrases import phrase_in_words
from portal.file_choices import CELL, COLUMN, UNIT
from reports.figures import number_in_words
from reports.periods import period_in_words

# So many unread rows are shown with cells to mend; the file with all of them can be downloaded.
MOST_MENDED = 200
MENDABLE_ROLES = ("text", "category", "duration", "start", "end")


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
        "left_out": [{**row, "minutes": minutes_of(row), "why": reasons(row)} for row in read.left_out],
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


def reasons(row: Mapping[str, Any]) -> str:
    """Return in words why a row was left out or could not be read."""
    return " ".join(phrase_in_words(why) for why in row["why"])


def minutes_of(row: Mapping[str, Any]) -> str:
    """Return the minutes of a row that was left out, in words; empty if it has none."""
    milliseconds = row["milliseconds"]
    return str(number_in_words(milliseconds / MS_PER_MINUTE)) if milliseconds > 0 else ""


def mendable_columns(read: Preview) -> list[FileColumn]:
    """Return the columns whose cells can be mended on the page: those that make a row and its duration."""
    return [column for column in read.columns if column.role in MENDABLE_ROLES]


def unread_rows(read: Preview, posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that could not be read, each with an input for each cell that is used."""
    columns, found = mendable_columns(read), []
    for row in read.unread[:MOST_MENDED]:
        inputs = []
        for column in columns:
            cell = row["cells"][column.place] if column.place < len(row["cells"]) else ""
            name = f"{CELL}{row['place']}:{column.name}"
            inputs.append((name, column.name, posted.get(name, cell)))
        found.append({**row, "inputs": inputs, "why": reasons(row)})
    return found
