"""The preview of a spreadsheet: a person checks what was read from the file before the request is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy

from backlog.periods import FACTS, with_period
from intake.kept_readings import reading_of
from intake.spreadsheets import Doubt, RowWarning
from intake.spreadsheets.phrases import Phrase
from intake.spreadsheets.rows import Row
from intake.uploads import Upload
from intake.wording import in_words

ROLES = {
    "text": gettext_lazy("What was done"),
    "category": gettext_lazy("Category"),
    "duration": gettext_lazy("Duration"),
}


@dataclass(frozen=True)
class Preview:
    """What was read from one file: its columns as (header, role in words), first rows, counts and first warnings.

    While `doubts` is not empty, the minutes are those of the first choice of each doubt. `sha256` tells the file from
    any other.
    """

    name: str
    columns: list[tuple[str, str]]
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

    @property
    def hours(self) -> float:
        return self.minutes / 60

    @property
    def missing(self) -> list[str]:
        """Return the roles, in words, that no column of the file has."""
        present = {role for _header, role in self.columns}
        return [str(words) for words in ROLES.values() if str(words) not in present]

    @property
    def more_warnings(self) -> int:
        """Return the number of warnings that are counted and not listed in `warnings`."""
        return self.row_warnings - len(self.warnings)


def preview_upload(upload: Upload) -> Preview:
    """Return the preview of the upload, which is read only the first time. Raises Unreadable."""
    reading = reading_of(upload)
    columns = reading["columns"]
    unchanged = ("rows", "rows_read", "minutes", "without_minutes", "row_warnings", "sha256")
    return Preview(
        name=upload.name,
        columns=[(columns[role], str(words)) for role, words in ROLES.items() if role in columns],
        warnings=[warning_in_words(RowWarning.from_wire(*warning)) for warning in reading["warnings"]],
        doubts=[doubt_in_words(Doubt.from_json(doubt)) for doubt in reading["doubts"]],
        period=with_period({FACTS: reading["dates"]}).get("period"),
        **{key: reading[key] for key in unchanged},
    )


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
