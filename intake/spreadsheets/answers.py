"""The answers that a reader of files takes: {field: value}, the same at every door.

A field names what a person decided: one of the questions in `doubts`, a column (`duration_column=Hours`), a row
(`row:17=leave-out`) or a cell (`cell:17:Hours=1:30`). A row is named by the spreadsheet's own number; on any sheet
but the first that is read, with the sheet's name before it, as in formulas: `row:March!17`.

Columns are named by their role and not the other way round, so that no two columns can claim the same role, and so
that the question which column was worked and the choice of it on a page are one field.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from intake.spreadsheets.doubts import FIELDS
from intake.spreadsheets.phrases import gettext_noop
from intake.spreadsheets.sheet import Unreadable

# In characters; a header as an answer is not longer. All answers together go through the argument of a process.
LONGEST_ANSWER, MOST_CHARACTERS = 1000, 30_000
MAPPED_ROLES = ("text", "category", "duration", "start", "end", "date", "person", "case", "break", "count")
COLUMN_FIELDS = {f"{role}_column": role for role in MAPPED_ROLES}
UNUSED = "none"
COUNT, LEAVE_OUT = "count", "leave-out"
ROW = re.compile(r"row:(?:([^:]{1,200})!)?([1-9][0-9]{0,8})")
CELL = re.compile(r"cell:(?:([^:]{1,200})!)?([1-9][0-9]{0,8}):(.{1,220})", re.DOTALL)
VALUES = {
    "duration_unit": ("ms", "s", "min", "h", "d", "w", "h.mm", "hhmm", "day"),
    "clock_form": ("h:mm", "mm:ss"),
    "decimal_mark": (",", "."),
    "breaks": ("taken-off", "counted"),
    "times": ("once", "multiplied"),
    "last_row": ("total", "task"),
    "same_sheets": ("once", "both"),
}


class Place(NamedTuple):
    """A row of a file: the name of its sheet, empty for the first that is read, and its number there."""

    sheet: str
    number: int

    def __str__(self) -> str:
        return f"{self.sheet}!{self.number}" if self.sheet else str(self.number)


def chosen_columns(answers: Mapping[str, str]) -> dict[str, str]:
    """Return {role: header} of the answers that choose a column."""
    return {COLUMN_FIELDS[field]: value for field, value in answers.items() if field in COLUMN_FIELDS}


def chosen_rows(answers: Mapping[str, str]) -> dict[Place, bool]:
    """Return for each row that a person decided about whether it counts."""
    found = ((ROW.fullmatch(field), value) for field, value in answers.items())
    return {Place(match[1] or "", int(match[2])): value == COUNT for match, value in found if match}


def mended_cells(answers: Mapping[str, str]) -> dict[Place, dict[str, str]]:
    """Return for each row with cells that a person mended {header: what the cell should say}."""
    mended: dict[Place, dict[str, str]] = {}
    for field, value in answers.items():
        if match := CELL.fullmatch(field):
            mended.setdefault(Place(match[1] or "", int(match[2])), {})[match[3]] = value
    return mended


def is_about_header(field: str) -> bool:
    """Return True if the answer holds for any file with the same header: not for one about a single row or cell."""
    return field in FIELDS or field in COLUMN_FIELDS


def require_known_fields(answers: Mapping[str, str]) -> None:
    """Raise Unreadable if an answer belongs to nothing that can be decided about a file, or can be no value of it."""
    for field, value in answers.items():
        if not (is_about_header(field) or ROW.fullmatch(field) or CELL.fullmatch(field)):
            words = gettext_noop(
                "There is no question “%(field)s” about a file. There can be: %(fields)s; for a row, row:17; for a "
                "cell, cell:17:Name of the column."
            )
            raise Unreadable(words, field=field[:80], fields=", ".join(dict.fromkeys([*FIELDS, *COLUMN_FIELDS])))
        if len(value) > LONGEST_ANSWER or any(
            character < "\t" or "\ud800" <= character < "\ue000" for character in field + value
        ):
            words = gettext_noop("The answer to %(field)s is too long or has characters that no choice has.")
            raise Unreadable(words, field=field[:80].encode("utf-8", "replace").decode())
        known = VALUES.get(field) or ((COUNT, LEAVE_OUT) if ROW.fullmatch(field) else ())
        if known and value not in known:
            words = gettext_noop("“%(answer)s” is no answer to %(field)s. Answer one of: %(known)s.")
            raise Unreadable(words, answer=value[:80], field=field, known=", ".join(known))
    if sum(len(field) + len(value) for field, value in answers.items()) > MOST_CHARACTERS:
        words = gettext_noop("There are too many answers about the file: correct the file itself and send it again.")
        raise Unreadable(words)
