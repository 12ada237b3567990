"""The preview of a spreadsheet: a person checks what was read from the file before the request is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy

from backlog.periods import FACTS, with_period
from intake.kept_readings import Asked, kept_reading, reading_of
from intake.remembering import Recalled
from intake.spreadsheets.doubts import Doubt
from intake.spreadsheets.mapping import ELSE
from intake.spreadsheets.phrases import Phrase
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import RowWarning
from intake.uploads import Upload
from intake.wording import in_words

# The roles that a person can give to a column, in the order of the choice.
ROLES = {
    "text": gettext_lazy("What was done"),
    "category": gettext_lazy("Category"),
    "duration": gettext_lazy("Duration"),
    "start": gettext_lazy("Start"),
    "end": gettext_lazy("End"),
    "date": gettext_lazy("Date"),
    "person": gettext_lazy("Person"),
    "case": gettext_lazy("Case or ticket"),
}
# Roles that a column has only where the reader found them.
ROLES_FOUND = {
    ELSE: gettext_lazy("What was done, too"),
    "break": gettext_lazy("Break"),
    "count": gettext_lazy("Number of times"),
}
NEEDED = ("text", "category", "duration")
# The most columns whose role can be chosen on the page; those that are used are always among them.
MOST_COLUMNS = 60


@dataclass(frozen=True)
class FileColumn:
    """A column of the file: its place, its name, its role (empty if it is not used), and some of its cells."""

    place: int
    name: str
    role: str
    cells: Sequence[str]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return (role, words) of the roles that the column can be given, or has."""
        found = {self.role: ROLES_FOUND[self.role]} if self.role in ROLES_FOUND else {}
        return [(role, str(words)) for role, words in {**ROLES, **found}.items()]


@dataclass(frozen=True)
class Preview:
    """What was read from one file: its columns, first rows, counts, first warnings, and the rows that are set aside.

    While `doubts` is not empty, the minutes are those of the first choice of each doubt. `sha256` tells the file from
    any other. `given` are the answers about the file so far, `answers` those and the remembered ones.
    """

    name: str
    columns: list[FileColumn]
    columns_in_all: int
    unit: str
    rows: list[Row]
    rows_read: int
    minutes: float
    without_minutes: int
    warnings: Sequence[RowWarning]
    row_warnings: int
    doubts: Sequence[Doubt] = ()
    sha256: str = ""
    # The period that the dates of the rows settle; None if a person will be asked.
    period: dict[str, Any] | None = None
    given: Mapping[str, str] | None = None
    answers: Mapping[str, str] | None = None
    fresh: bool = False
    recalled: Recalled | None = None
    left_out: Sequence[Mapping[str, Any]] = ()
    left_out_count: int = 0
    unread: Sequence[Mapping[str, Any]] = ()
    unread_count: int = 0
    names: Sequence[str] = ()
    # What tells files of the same form (`remembering.header_key`).
    header: str = ""
    sheets_read: int = 1
    # Nobody has said what the columns are, and their names do not tell: nothing is read yet.
    is_unnamed: bool = False

    @property
    def has_several_sheets(self) -> bool:
        """Return True if the number of a row may name a row on each of several sheets."""
        return self.sheets_read > 1

    @property
    def hours(self) -> float:
        return self.minutes / 60

    @property
    def missing(self) -> list[str]:
        """Return the needed roles, in words, that no column of the file has."""
        present = {column.role for column in self.columns}
        return [str(ROLES[role]) for role in NEEDED if role not in present]

    @property
    def more_warnings(self) -> int:
        """Return the number of warnings that are counted and not listed in `warnings`."""
        return self.row_warnings - len(self.warnings)


def preview_upload(upload: Upload, asked: Asked) -> Preview:
    """Return the preview of the upload, which is read only the first time with these answers. Raises Unreadable."""
    return preview_of(upload, reading_of(upload, asked))


def preview_kept(upload: Upload) -> Preview | None:
    """Return the preview that was shown last, without reading the file; None if there was none."""
    reading = kept_reading(upload)
    return preview_of(upload, reading) if reading else None


def preview_of(upload: Upload, reading: Mapping[str, Any]) -> Preview:
    """Return what was read from the upload as a preview."""
    aside = reading["set_aside"]
    unchanged = (
        "rows",
        "rows_read",
        "minutes",
        "without_minutes",
        "row_warnings",
        "sha256",
        "given",
        "answers",
        "fresh",
        "sheets_read",
    )
    return Preview(
        name=upload.name,
        columns=file_columns(reading),
        columns_in_all=len(reading["names"]),
        unit=reading["unit"] or "",
        warnings=[warning_in_words(RowWarning.from_wire(*warning)) for warning in reading["warnings"]],
        doubts=[doubt_in_words(Doubt.from_json(doubt)) for doubt in reading["doubts"]],
        period=with_period({FACTS: reading["dates"]}).get("period"),
        recalled=Recalled.from_json(reading["recalled"]) if reading["recalled"] else None,
        names=reading["names"],
        header=reading["learned"]["key"],
        is_unnamed=reading.get("is_unnamed", False),
        **{key: aside[key] for key in ("left_out", "left_out_count", "unread", "unread_count")},
        **{key: reading[key] for key in unchanged},
    )


def file_columns(reading: Mapping[str, Any]) -> list[FileColumn]:
    """Return the columns of the file whose role can be chosen: those that are used, and the first others."""
    samples, found = reading["samples"], []
    for place, (name, role) in enumerate(zip(reading["names"], reading["roles"], strict=True)):
        if role or place < MOST_COLUMNS:
            found.append(FileColumn(place, name, role, samples[place] if place < len(samples) else []))
    return found


def warning_in_words(warning: RowWarning) -> RowWarning:
    """Return the warning in the reader's language."""
    return replace(warning, message=translated(warning.message))


def doubt_in_words(doubt: Doubt) -> Doubt:
    """Return the doubt with its title and its choices in the reader's language."""
    choices = [replace(choice, title=translated(choice.title)) for choice in doubt.choices]
    return replace(doubt, title=translated(doubt.title), choices=choices)


def translated(phrase: Phrase) -> Phrase:
    """Return the phrase with its text in the reader's language."""
    return Phrase(in_words(phrase))
