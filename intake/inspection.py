"""Inspect a spreadsheet before it is used: its sheets, columns and units, the totals, and what is in doubt."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from backlog.periods import FACTS, DatesOfRows, Facts, with_period
from intake.admission import admitted
from intake.rows_kept import dates_of, is_large
from intake.spreadsheets.describing import Reading
from intake.spreadsheets.doubts import Doubt
from intake.spreadsheets.outside import Ingested, read_rows
from intake.spreadsheets.sheet import MS_PER_MINUTE, RowWarning, Unreadable
from intake.spreadsheets.stored import ColumnsFailed, Stored, store_rows
from intake.wording import in_words

MOST_WARNINGS = 1000


@dataclass(frozen=True)
class Inspection:
    """What was read from one file. Durations are whole milliseconds, so that sums are exact.

    While `doubts` is not empty, the totals are those of the first choice of each doubt and are not to be used.
    """

    name: str
    rows: int
    milliseconds: int
    breakdown: dict[str, int]
    reading: Reading
    warnings: Sequence[RowWarning]
    row_warnings: int
    # What the dates of the rows say, in the form of `backlog.periods`.
    dates: Facts
    # The answers about the file that it was read with.
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def minutes(self) -> float:
        return self.milliseconds / MS_PER_MINUTE

    @property
    def doubts(self) -> list[Doubt]:
        return self.reading.doubts

    @property
    def period(self) -> dict[str, Any] | None:
        """Return the period that the dates of the rows settle; None if a person has to be asked."""
        period: dict[str, Any] | None = with_period({FACTS: self.dates}).get("period")
        return period

    def as_json(self) -> dict[str, Any]:
        """Return the inspection as a JSON object, minutes rounded to two places."""
        reading = self.reading
        return {
            "file": self.name,
            "rows": self.rows,
            "minutes": in_minutes(self.milliseconds),
            "program": reading.program,
            "period": self.period,
            "period_doubts": self.dates["doubts"],
            "sheets": reading.sheets,
            "columns": reading.columns,
            "mapping": {name: role or None for name, role in zip(reading.names, reading.roles, strict=True)},
            "answers": dict(self.answers),
            "breakdown": {category: in_minutes(total) for category, total in self.breakdown.items()},
            "warnings": [warning.as_json() for warning in self.warnings],
            "row_warnings": self.row_warnings,
            "questions": [doubt.as_json() for doubt in self.doubts],
        }


def in_minutes(milliseconds: int) -> float:
    """Return the milliseconds in minutes, rounded to two places."""
    return round(milliseconds / MS_PER_MINUTE, 2)


def inspect_file(file: Path | IO[bytes], *, name: str = "", answers: Mapping[str, str] | None = None) -> Inspection:
    """Read the whole file once and return what was found; `answers` settles doubts. Raises Unreadable.

    `file` is a path or an open file with a file descriptor, `name` the owner's name for it.
    """
    name = name or (file.name if isinstance(file, Path) else "")
    with admitted(file, name):
        if is_large(file):
            with suppress(ColumnsFailed):
                stored = store_rows(file, None, name=name, limit_warnings=MOST_WARNINGS, answers=answers)
                if not stored.reading.doubts:
                    found = found_in(stored, name, stored.milliseconds, stored.breakdown, dates_of(stored))
                    return replace(found, answers=answers or {})
        found = inspection_of(read_rows(file, name=name, limit_warnings=MOST_WARNINGS, answers=answers), name)
        return replace(found, answers=answers or {})


def inspection_of(ingested: Ingested, name: str) -> Inspection:
    """Return what is found while all rows are read. Raises Unreadable."""
    total, breakdown, dates = 0, defaultdict[str, int](int), DatesOfRows()
    for row in dates.watch(ingested):
        if ingested.milliseconds >= 0:
            total += ingested.milliseconds
            breakdown[row["category"]] += ingested.milliseconds
    return found_in(ingested, name, total, breakdown, dates)


def found_in(
    read: Ingested | Stored, name: str, total: int, breakdown: Mapping[str, int], dates: DatesOfRows
) -> Inspection:
    """Return the inspection of a file that was read to its end, with its sums in milliseconds."""
    return Inspection(
        name=name,
        rows=read.rows_read,
        milliseconds=total,
        breakdown=dict(sorted(breakdown.items(), key=lambda item: (-item[1], item[0]))),
        reading=read.reading,
        warnings=read.warnings,
        row_warnings=read.row_warnings,
        dates=dates.facts(timezone.now().date(), has_minutes=not read.reading.doubts),
    )


def alternatives(
    file: Path | IO[bytes], doubt: Doubt, *, name: str = "", answers: Mapping[str, str] | None = None
) -> list[Inspection]:
    """Return the inspection of the file under each choice of the doubt, in the order of its choices.

    The totals alone are already in `doubt.choices`; this reads the file anew for each, to show rows and warnings too.
    Raises Unreadable if the file cannot be read under one of them.
    """
    settled = [{**(answers or {}), doubt.field: choice.value} for choice in doubt.choices]
    return [inspect_file(file, name=name, answers=one) for one in settled]


def require_known_answers(doubts: Sequence[Doubt], answers: Mapping[str, str]) -> None:
    """Raise Unreadable if an answer settles nothing: its doubt is still open, because no choice has its value."""
    for doubt in doubts:
        if doubt.field in answers:
            known = ", ".join(choice.value for choice in doubt.choices)
            words = _("“%(answer)s” is no answer to “%(question)s” Answer one of: %(known)s.")
            raise Unreadable(words, answer=answers[doubt.field], question=in_words(doubt.title), known=known)
