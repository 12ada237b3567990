"""What a file leaves open: typed questions, each with what every choice would mean in minutes."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from intake.spreadsheets.phrases import Phrase, gettext_noop, phrase_of
from intake.spreadsheets.sheet import MS_PER_MINUTE

# The questions that there can be about a file: what its numbers and times are, and what counts.
UNITS = ("duration_unit", "clock_form", "decimal_mark")
FIELDS = (*UNITS, "duration_column", "breaks", "times", "last_row", "same_sheets")


@dataclass(frozen=True)
class Choice:
    """One answer to a doubt: its value, its words, and the total of the file that it would give, in milliseconds."""

    value: str
    title: Phrase
    milliseconds: int

    @property
    def minutes(self) -> float:
        return self.milliseconds / MS_PER_MINUTE


@dataclass(frozen=True)
class Doubt:
    """A question about a file that its cells do not answer.

    An answer is the `value` of one choice, given to the reader as {field: value}. Until then the totals are those of
    the first choice, and are not to be used. `row` and `column` say where the doubt arises; `sample` holds a few rows
    as the file shows them.
    """

    field: str
    title: Phrase
    choices: list[Choice]
    row: int
    column: str | None = None
    sample: list[list[str]] = dataclasses.field(default_factory=list)

    @property
    def warning(self) -> Phrase:
        """The warning about the file while the doubt is open."""
        return open_in_words(self.title)

    def as_json(self) -> dict[str, Any]:
        """Return the doubt as a JSON object: titles in English and as phrases, minutes rounded to two places."""
        choices = [{"value": c.value, **titled(c.title), "minutes": round(c.minutes, 2)} for c in self.choices]
        where = {"row": self.row, "column": self.column}
        return {"field": self.field, **titled(self.title), "choices": choices, **where, "sample": self.sample}

    @classmethod
    def from_json(cls, doubt: dict[str, Any]) -> "Doubt":
        """Return the doubt that the reading process wrote; its choices carry exact milliseconds."""
        choices = [Choice(**{**choice, "title": phrase_of(choice["title"])}) for choice in doubt["choices"]]
        return cls(**{**doubt, "title": phrase_of(doubt["title"]), "choices": choices})


def titled(title: Phrase) -> dict[str, Any]:
    """Return a title for JSON: in English, and as a phrase to translate."""
    return {"title": str(title), "phrase": title.as_json()}


def open_in_words(title: Phrase) -> Phrase:
    """Return the warning about a file that the question with this title is open."""
    words = gettext_noop("%(question)s This has to be answered before the durations are used.")
    return Phrase(words, question=title)
