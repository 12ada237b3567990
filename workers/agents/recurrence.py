"""Group rows whose texts mean the same task: first by a normal form, then by similarity.

The result does not depend on the order of the rows.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz, process

from intake.spreadsheets.rows import Part, Row
from workers.agents.figures import columns_of, exact_minutes, minutes_of

# Scores from 0 to 100, found with real task lists: lower ones join different tasks, higher ones part misspelt ones.
SAME_TEXT_SCORE = 86
SAME_WORD_SCORE = 80
# The time to compare grows with the square of this number; rarer texts are grouped by their normal form only.
MOST_COMPARED = 5_000
# A longer text tells a story, and two similar stories are usually not the same task: it is not compared.
LONGEST_COMPARED = 300
# Words that do not change which task is meant.
FILLERS = frozenset({"a", "an", "the", "of", "for", "and"})

NO_WORD = re.compile(r"[\W_]+")
NUMBER = re.compile(r"(?<!\S)\d+(?!\S)")


@dataclass
class Task:
    """A group of rows with the same or similar texts; `fingerprint` is the normal form of `sample_text`."""

    fingerprint: str
    sample_text: str
    count: int = 0
    minutes: Decimal = Decimal()

    def add(self, other: "Task") -> None:
        """Add the rows of another group that means the same task."""
        self.count += other.count
        self.minutes += other.minutes


@dataclass(frozen=True)
class Recurrence:
    """The tasks that occur at least twice in the rows, the most frequent first."""

    total_rows: int
    repeated_rows: int
    tasks: list[Task]

    @property
    def recurring_rows(self) -> int:
        """Return how many rows belong to a recurring task; `repeated_rows` of them have exactly equal texts."""
        return sum(task.count for task in self.tasks)


def recurrence_of(rows: Iterable[Row]) -> Recurrence:
    """Return the recurring tasks, in one pass; memory grows with the distinct texts. Rows without text never recur."""
    total, texts = texts_in(rows)
    repeated = sum(task.count for task in texts.values() if task.count > 1)
    recurring = [task for task in merged_tasks(by_frequency(by_form(texts))) if task.count > 1]
    return Recurrence(total, repeated, by_frequency(recurring))


def texts_in(rows: Iterable[Row]) -> tuple[int, dict[str, Task]]:
    """Return the number of rows and, for each different text, its rows as a task without a fingerprint."""
    total, texts = 0, dict[str, Task]()
    columns = columns_of(rows)
    parts = columns.parts_by("text") if columns else ((r["text"], 1, r["estimated_minutes"]) for r in rows)
    for part in parts:
        total += part[1]
        if text := part[0]:
            task = texts.get(text) or texts.setdefault(text, Task("", text))
            task.count += part[1]
            task.minutes += minutes_of(part) if isinstance(part, Part) else exact_minutes(part[2])
    return total, texts


def by_form(texts: dict[str, Task]) -> Iterable[Task]:
    """Return the tasks after joining those with the same normal form, under the alphabetically first text."""
    forms: dict[str, Task] = {}
    for text in sorted(texts):
        task = texts[text]
        task.fingerprint = normal_form(text) or text
        if (leader := forms.setdefault(task.fingerprint, task)) is not task:
            leader.add(task)
    return forms.values()


def by_frequency(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks sorted by falling frequency; equally frequent ones by their fingerprint."""
    return sorted(tasks, key=lambda task: (-task.count, task.fingerprint))


def normal_form(text: str) -> str:
    """Return the text in lower case without punctuation, numbers, dates and extra spaces.

    A text of only numbers keeps them; a text without letters and digits becomes empty.
    """
    bare = NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return " ".join(NUMBER.sub(" ", bare).split()) or bare


def merged_tasks(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks after joining similar ones under the most frequent of them; `tasks` is sorted by frequency."""
    comparable = [task for task in tasks if len(task.fingerprint) <= LONGEST_COMPARED][:MOST_COMPARED]
    leaders: defaultdict[str, list[Task]] = defaultdict(list)
    followers: set[str] = set()
    for task in comparable:
        candidates = leaders[initials(task.fingerprint)]
        if leader := leader_of(task, candidates):
            leader.add(task)
            followers.add(task.fingerprint)
        else:
            candidates.append(task)
    return [task for task in tasks if task.fingerprint not in followers]


def leader_of(task: Task, leaders: Sequence[Task]) -> Task | None:
    """Return the first leader (most frequent task of a group) that means the same task, or None."""
    forms = [leader.fingerprint for leader in leaders]
    near = process.extract(
        task.fingerprint, forms, scorer=fuzz.token_set_ratio, score_cutoff=SAME_TEXT_SCORE, limit=None
    )
    return next((leaders[i] for i in sorted(i for *_, i in near) if has_same_words(task.fingerprint, forms[i])), None)


def initials(form: str) -> str:
    """Return the sorted first letters of the words except FILLERS; only tasks with equal initials are compared.

    Misspelt and inflected words usually keep their first letter.
    """
    return "".join(sorted(word[0] for word in form.split() if word not in FILLERS))


def has_same_words(first: str, second: str) -> bool:
    """Return True if each word of one form is similar to a word of the other: `file report` is not `file`."""
    left, right = (Counter(word for word in form.split() if word not in FILLERS) for form in (first, second))
    only_left, only_right = list((left - right).elements()), list((right - left).elements())
    for word in only_left:
        similar = [other for other in only_right if other[0] == word[0] and fuzz.ratio(word, other) >= SAME_WORD_SCORE]
        if not similar:
            return False
        only_right.remove(similar[0])
    return not only_right
