"""Which rows have no clear category, and into which categories the file puts its other rows."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from intake.spreadsheets.categories import is_vague
from intake.spreadsheets.rows import Row
from workers.agents.figures import exact_minutes, rounded

# Of further different texts only the rows are counted, so that memory stays bounded; and further categories are left.
MOST_KEPT = 20_000
MOST_EXAMPLES = 3
LONGEST_TEXT = 200


@dataclass
class Task:
    """The rows with one text: how many, and their minutes."""

    text: str
    rows: int = 0
    minutes: Decimal = Decimal(0)

    @property
    def key(self) -> str:
        """Return a key that the same text has in every file; the answer to a question is kept under it."""
        return "t_" + hashlib.sha256(self.text.encode(errors="replace")).hexdigest()[:12]

    def as_json(self) -> dict[str, Any]:
        """Return the task as a deliverable states it."""
        return {"text": self.text, "rows": self.rows, "minutes": rounded(self.minutes)}


@dataclass
class Category:
    """A category of the file, with the texts of some of its rows."""

    name: str
    minutes: Decimal = Decimal(0)
    examples: list[str] = field(default_factory=list)


@dataclass
class Survey:
    """The texts of the rows without a clear category, the categories of the others, and how many rows are not kept."""

    tasks: dict[str, Task] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    rows_left_out: int = 0

    def add(self, row: Row) -> None:
        """Count a row."""
        text, name = " ".join(row["text"].split())[:LONGEST_TEXT], " ".join(row["category"].split())
        minutes = exact_minutes(row["estimated_minutes"])
        if not is_vague(name):
            if name in self.categories or len(self.categories) < MOST_KEPT:
                self.add_example(name, text, minutes)
        elif text in self.tasks or len(self.tasks) < MOST_KEPT:
            task = self.tasks.setdefault(text, Task(text))
            task.rows += 1
            task.minutes += minutes
        else:
            self.rows_left_out += 1

    def add_example(self, name: str, text: str, minutes: Decimal) -> None:
        """Count a row of a category, and keep its text if that is one of its first different ones."""
        category = self.categories.setdefault(name, Category(name))
        category.minutes += minutes
        if text and text not in category.examples and len(category.examples) < MOST_EXAMPLES:
            category.examples.append(text)

    def largest_tasks(self) -> list[Task]:
        """Return the texts, those with the most minutes and rows first; rows without a text are in none."""
        return sorted((t for t in self.tasks.values() if t.text), key=lambda t: (-t.minutes, -t.rows, t.text))

    def largest_categories(self, most: int) -> list[Category]:
        """Return the categories with the most minutes."""
        return sorted(self.categories.values(), key=lambda category: (-category.minutes, category.name))[:most]


def survey_of(rows: Iterable[Row]) -> Survey:
    """Return what is counted in one pass over the rows."""
    found = Survey()
    for row in rows:
        found.add(row)
    return found
