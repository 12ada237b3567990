"""Which texts mean the same task: a normal form, then near-duplicates, the same result in any order of the rows."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz, process

from intake.spreadsheets.rows import Row
from workers.agents.figures import exact

# Tried on real task lists: below, different tasks fall together; above, misspelt ones stay apart.
SAME_TEXT_SCORE = 86
SAME_WORD_SCORE = 80
# Comparing grows with the square of this; rarer texts beyond it are matched by their normal form alone.
MOST_COMPARED = 5_000
# A longer text is a story, and stories that are alike are not the same task.
LONGEST_COMPARED = 300
# Words that change nothing about which task is meant.
FILLERS = frozenset({"a", "an", "the", "of", "for", "and"})

NO_WORD = re.compile(r"[\W_]+")
NUMBER = re.compile(r"(?<!\S)\d+(?!\S)")


@dataclass
class Task:
    """Rows with the same text, or nearly so."""

    fingerprint: str
    sample_text: str
    count: int = 0
    minutes: Decimal = Decimal()

    def add(self, other: "Task") -> None:
        """Take in more rows of the same task."""
        self.count += other.count
        self.minutes += other.minutes


@dataclass(frozen=True)
class Recurrence:
    """What recurs in the rows: the tasks that occur at least twice, the most frequent first."""

    total_rows: int
    repeated_rows: int
    tasks: list[Task]

    @property
    def recurring_rows(self) -> int:
        """How many rows belong to a task that recurs; `repeated_rows` of them share their very text."""
        return sum(task.count for task in self.tasks)


def recurrence_of(rows: Iterable[Row]) -> Recurrence:
    """What recurs, in one pass; memory grows with the distinct texts only. Rows without a text recur never."""
    total, texts = 0, dict[str, Task]()
    for row in rows:
        total += 1
        if text := row["text"]:
            task = texts.get(text) or texts.setdefault(text, Task("", text))
            task.count += 1
            task.minutes += exact(row["estimated_minutes"])
    repeated = sum(task.count for task in texts.values() if task.count > 1)
    recurring = [task for task in merged(by_frequency(by_form(texts))) if task.count > 1]
    return Recurrence(total, repeated, by_frequency(recurring))


def by_form(texts: dict[str, Task]) -> Iterable[Task]:
    """The tasks with the same normal form taken together, under the first of their texts."""
    forms: dict[str, Task] = {}
    for text in sorted(texts):
        task = texts[text]
        task.fingerprint = normal_form(text) or text
        if (leader := forms.setdefault(task.fingerprint, task)) is not task:
            leader.add(task)
    return forms.values()


def by_frequency(tasks: Iterable[Task]) -> list[Task]:
    """The most frequent first; in a fixed order where two are equally frequent."""
    return sorted(tasks, key=lambda task: (-task.count, task.fingerprint))


def normal_form(text: str) -> str:
    """The text without case, punctuation, runs of space, numbers and dates; empty if it has no letter or digit."""
    bare = NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return " ".join(NUMBER.sub(" ", bare).split()) or bare


def merged(tasks: Sequence[Task]) -> list[Task]:
    """The tasks, near-duplicates taken together under the most frequent of them."""
    comparable = [task for task in tasks if len(task.fingerprint) <= LONGEST_COMPARED][:MOST_COMPARED]
    leaders: defaultdict[str, list[Task]] = defaultdict(list)
    followers: set[str] = set()
    for task in comparable:
        alike = leaders[initials(task.fingerprint)]
        if leader := leader_of(task, alike):
            leader.add(task)
            followers.add(task.fingerprint)
        else:
            alike.append(task)
    return [task for task in tasks if task.fingerprint not in followers]


def leader_of(task: Task, leaders: Sequence[Task]) -> Task | None:
    """The first leader that means the same task."""
    forms = [leader.fingerprint for leader in leaders]
    near = process.extract(
        task.fingerprint, forms, scorer=fuzz.token_set_ratio, score_cutoff=SAME_TEXT_SCORE, limit=None
    )
    return next((leaders[i] for i in sorted(i for *_, i in near) if same_words(task.fingerprint, forms[i])), None)


def initials(form: str) -> str:
    """The first letters of the words that matter, sorted: misspelt and inflected words keep theirs."""
    return "".join(sorted(word[0] for word in form.split() if word not in FILLERS))


def same_words(one: str, other: str) -> bool:
    """Whether each word of one has its like in the other: `file` and `file report` share words, not a meaning."""
    left, right = (Counter(word for word in form.split() if word not in FILLERS) for form in (one, other))
    ours, theirs = list((left - right).elements()), list((right - left).elements())
    for word in ours:
        like = [other for other in theirs if other[0] == word[0] and fuzz.ratio(word, other) >= SAME_WORD_SCORE]
        if not like:
            return False
        theirs.remove(like[0])
    return not theirs
