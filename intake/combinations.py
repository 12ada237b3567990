"""A file in doubt is read under each combination of answers, so that no file is read when a person answers.

One process reads a small file under all of them. A large one is read as columns, by a process for each combination:
to start it takes less time than to read.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from backlog.periods import FACTS, DatesOfRows
from backlog.readings import key_of
from intake.inspection import in_minutes
from intake.rows_kept import dates_of, inline_or_stored, is_large, stored_at_once
from intake.spreadsheets.doubts import Doubt, open_in_words
from intake.spreadsheets.outside import Ingested, read_rows
from intake.spreadsheets.phrases import phrase_of
from intake.spreadsheets.rows import Row
from intake.spreadsheets.sheet import RowWarning, Unreadable
from intake.spreadsheets.stored import Stored
from intake.unread_rows import Unread, unread_of
from intake.wording import in_words

# A file is parsed anew for each combination, and each combination's rows are kept. See also `child.MOST_READINGS`.
MOST_COMBINATIONS = 12


class Combinations:
    """The doubts and the rows of a file in doubt, in the form of `backlog.readings`, and what each reading said.

    `first` is the reading of the file that found the doubts. Raises Unreadable if there are too many combinations.
    """

    def __init__(self, file: Path | IO[bytes], name: str, answers: Mapping[str, str], first: Ingested) -> None:
        self.doubts: list[dict[str, Any]] = []
        self.rows: dict[str, dict[str, Any]] = {}
        self._file, self._name, self._answers = file, name, answers
        self._milliseconds: dict[str, int] = {}
        self._ended: list[Ingested | Stored] = []
        # The dates are the same under every reading.
        self._dates = DatesOfRows()
        try:
            if is_large(file):
                self._follow({}, first)
            else:
                self._follow_together(first)
        finally:
            first.close()
        for doubt in self.doubts:
            for choice in doubt["choices"]:
                total = self._total({**doubt["given"], doubt["field"]: choice["value"]})
                choice["minutes"] = in_minutes(total)

    def _follow_together(self, first: Ingested) -> None:
        """Keep the rows of the readings that follow the first, and the doubts of all."""
        self._ask({}, first.reading.doubts)
        for given, ingested in first.under_each_choice():
            if doubts := ingested.reading.doubts:
                self._ask(given, doubts)
            else:
                self._keep_by_rows(given, ingested)

    def _follow(self, given: dict[str, str], ingested: Ingested) -> None:
        """Read a large file under each choice of the first doubt of this reading, as columns where it can be."""
        ingested.close()  # it holds one of the few places for reading
        doubts = ingested.reading.doubts
        self._ask(given, doubts)
        for choice in doubts[0].choices:
            chosen = {**given, doubts[0].field: choice.value}
            if self._keep_at_once(chosen):
                continue
            read = read_rows(self._file, name=self._name, answers={**self._answers, **chosen})
            if read.reading.doubts:
                self._follow(chosen, read)
            else:
                self._keep_by_rows(chosen, read)

    def _ask(self, given: Mapping[str, str], doubts: Sequence[Doubt]) -> None:
        """Add the doubts of a reading. Raises Unreadable if there are too many combinations."""
        require_few(doubts, len(self.rows))
        self.doubts += [{**doubt.as_json(), "given": given} for doubt in doubts]

    def _keep_at_once(self, given: Mapping[str, str]) -> bool:
        """Keep the rows of a large file as columns; return False if it is in doubt or has to be read by rows."""
        kept = stored_at_once(self._file, self._name, {**self._answers, **given})
        if kept is None:
            return False
        key = key_of(given)
        self.rows[key], stored = kept
        self._milliseconds[key] = stored.milliseconds
        if not self._ended:
            self._dates = dates_of(stored)
        self._ended.append(stored)
        return True

    def _keep_by_rows(self, given: Mapping[str, str], ingested: Ingested) -> None:
        """Keep the rows of a file within an event if they are few, else as lines."""
        # Together, the rows of all combinations still have to fit into an event.
        most_bytes = settings.CLAIM_CHECK_BYTES // MOST_COMBINATIONS
        rows = self._summed(key_of(given), ingested)
        counted = rows if self._ended else self._dates.watch(rows)
        self.rows[key_of(given)] = inline_or_stored(counted, most_bytes)
        self._ended.append(ingested)

    def _summed(self, key: str, ingested: Ingested) -> Iterator[Row]:
        """Yield the rows and add up their durations."""
        self._milliseconds[key] = 0
        for row in ingested:
            self._milliseconds[key] += max(ingested.milliseconds, 0)
            yield row

    def _total(self, chosen: Mapping[str, str]) -> int:
        """Return the sum of the rows in milliseconds under these choices, and the first choice of any other doubt."""
        path: dict[str, str] = {}
        while doubt := next((doubt for doubt in self.doubts if doubt["given"] == path), None):
            path[doubt["field"]] = chosen.get(doubt["field"], doubt["choices"][0]["value"])
        return self._milliseconds[key_of(path)]

    @property
    def context(self) -> dict[str, Any]:
        """The part of a work context that holds the readings; it has no rows until a person has answered."""
        facts = self._dates.facts(timezone.now().date(), has_minutes=False)
        return {"rows": [], "readings": {"doubts": self.doubts, "rows": self.rows}, FACTS: facts}

    @property
    def unread(self) -> Unread:
        """The rows that could not be read under the first reading."""
        return unread_of(self._ended[0])

    @property
    def report(self) -> dict[str, Any]:
        """The counts and warnings that hold under every reading, and the questions that are asked first."""
        first, questions = self._ended[0], [doubt for doubt in self.doubts if not doubt["given"]]
        common = [w for w in first.warnings if all(w in other.warnings for other in self._ended)]
        asked = [warning_of(question).as_json() for question in questions]
        unlisted = min(ingested.row_warnings - len(ingested.warnings) for ingested in self._ended)
        return {
            "rows_read": max(ingested.rows_read for ingested in self._ended),
            "row_warnings": len(asked) + len(common) + unlisted,
            "warnings": asked + [warning.as_json() for warning in common],
            "questions": [{key: part for key, part in question.items() if key != "given"} for question in questions],
        }


def warning_of(question: Mapping[str, Any]) -> RowWarning:
    """Return the warning that a question about the file is open."""
    return RowWarning(question["row"], question["column"], open_in_words(phrase_of(question["phrase"])))


def require_few(doubts: Sequence[Doubt], kept: int) -> None:
    """Raise Unreadable if the doubts have too many combinations of choices, beside those that are kept already."""
    if kept + prod(len(doubt.choices) for doubt in doubts) > MOST_COMBINATIONS:
        titles = " ".join(f"{in_words(doubt.title)} ({doubt.field})" for doubt in doubts)
        words = _(
            "The file leaves too much open: %(questions)s Send answers with it, such as %(answer)s, "
            "or say it in the names of the columns, such as Duration (min)."
        )
        raise Unreadable(words, questions=titles, answer=f"{doubts[0].field}={doubts[0].choices[0].value}")
