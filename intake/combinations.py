"""A file in doubt is read once for each combination of answers, so that no file is read when a person answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from backlog.readings import key_of
from intake.rows_kept import inline_or_stored
from intake.spreadsheets import Doubt, Ingested, Unreadable, read_rows

# A file is parsed anew for each combination, and each combination's rows are kept.
MOST_COMBINATIONS = 12


@dataclass
class Combinations:
    """The doubts and the rows of a file in doubt, in the form of `backlog.readings`, and each reading when it ended."""

    file: Path | IO[bytes]
    name: str
    answers: Mapping[str, str]
    doubts: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: list[Ingested] = field(default_factory=list)

    def follow(self, given: dict[str, str], ingested: Ingested) -> None:
        """Keep the rows of this reading; if it is in doubt, read the file under each choice of its first doubt instead.

        Raises Unreadable if there are more than MOST_COMBINATIONS.
        """
        doubts = ingested.reading.doubts
        if not doubts:
            # Together, the rows of all combinations still have to fit into an event.
            most_bytes = settings.CLAIM_CHECK_BYTES // MOST_COMBINATIONS
            self.rows[key_of(given)] = inline_or_stored(ingested, most_bytes)
            self.ended.append(ingested)
            return
        ingested.close()
        require_few(doubts, len(self.rows))
        self.doubts += [{**doubt.as_json(), "given": given} for doubt in doubts]
        for choice in doubts[0].choices:
            chosen = {**given, doubts[0].field: choice.value}
            self.follow(chosen, read_rows(self.file, name=self.name, answers={**self.answers, **chosen}))

    @property
    def context(self) -> dict[str, Any]:
        """The part of a work context that holds the readings; it has no rows until a person has answered."""
        return {"rows": [], "readings": {"doubts": self.doubts, "rows": self.rows}}

    def report(self, doubts: Sequence[Doubt]) -> dict[str, Any]:
        """Return the counts and warnings that hold under every reading, and the questions."""
        first = self.ended[0]
        common = [w for w in first.warnings if all(w in other.warnings for other in self.ended)]
        asked = [{"row": doubt.row, "column": doubt.column, "message": doubt.warning} for doubt in doubts]
        unlisted = min(ingested.row_warnings - len(ingested.warnings) for ingested in self.ended)
        return {
            "rows_read": max(ingested.rows_read for ingested in self.ended),
            "row_warnings": len(asked) + len(common) + unlisted,
            "warnings": asked + [{"row": w.row, "column": w.column, "message": w.message} for w in common],
            "questions": [doubt.as_json() for doubt in doubts],
        }


def require_few(doubts: Sequence[Doubt], kept: int) -> None:
    """Raise Unreadable if the doubts have too many combinations of choices, beside those that are kept already."""
    if kept + prod(len(doubt.choices) for doubt in doubts) > MOST_COMBINATIONS:
        titles = " ".join(f"{doubt.title} ({doubt.field})" for doubt in doubts)
        raise Unreadable(
            f"The file leaves too much open: {titles} Send answers with it, such as {doubts[0].field}="
            f"{doubts[0].choices[0].value}, or say it in the names of the columns, such as Duration (min)."
        )
