"""Group rows whose texts mean the same task: first by a normal form, then by similar words.

The normal form has no numbers, no dates and, where they can be told, no names. Of the normal forms, those are joined
whose words are spellings of the same words. The time grows with the number of distinct texts and not with its square,
as only words that share a cheap key are compared. The result does not depend on the order of the rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from rapidfuzz import fuzz

from intake.spreadsheets.rows import Row
from workers.agents.analysis.forms import form_of, words_of_names
from workers.agents.analysis.names import forms_without_names
from workers.agents.analysis.spelling import SAME_WORD_SCORE, leaders_of_words
from workers.agents.analysis.tally import UNKNOWN, RowTally, TextTally, tally_of

# From 0 to 100, found with real task lists: a lower one joins different tasks, a higher one parts misspelt ones.
SAME_TEXT_SCORE = 86
# Rarer forms than the first so many are grouped by their normal form only.
MOST_COMPARED = 100_000
# A longer text tells a story, and two similar stories are usually not the same task: it is not compared.
LONGEST_COMPARED = 300
# Groups with the same words that a form is compared with, the most frequent first: usually there is one.
MOST_LEADERS = 20
# Words that do not change which task is meant.
FILLERS = frozenset({"a", "an", "the", "of", "for", "and"})
MINUTE_MS = 60_000


@dataclass(slots=True)
class Task:
    """A group of rows with the same or similar texts; `fingerprint` is the normal form of `sample_text`.

    `texts` are the tallies of its texts, sorted by their first text and category; `texts_number` is how many different
    texts it has.
    """

    fingerprint: str
    sample_text: str
    count: int = 0
    milliseconds: int = 0
    texts_number: int = 0
    texts: list[TextTally] = field(default_factory=list)

    @property
    def minutes(self) -> Decimal:
        return Decimal(self.milliseconds) / MINUTE_MS

    def add(self, texts: Iterable[TextTally]) -> None:
        """Add the rows of further texts that mean the same task."""
        for text in texts:
            self.count += text.count
            self.milliseconds += text.milliseconds
            self.texts.append(text)


@dataclass(frozen=True)
class Recurrence:
    """The groups of the rows by task, the most frequent first; `repeated_rows` have exactly equal texts.

    `limited` is True if there were more than MOST_COMPARED forms to compare.
    """

    total_rows: int
    repeated_rows: int
    groups: list[Task]
    limited: bool = False

    @property
    def tasks(self) -> list[Task]:
        """Return the tasks that occur at least twice."""
        return [task for task in self.groups if task.count > 1]

    @property
    def recurring_rows(self) -> int:
        """Return how many rows belong to a recurring task; `repeated_rows` of them have exactly equal texts."""
        return sum(task.count for task in self.tasks)

    def group_of_text(self, tally: RowTally) -> list[int]:
        """Return for each text of the tally, in its order, the index of its group; UNKNOWN for one in no group."""
        groups = {(text.shape, text.category): i for i, task in enumerate(self.groups) for text in task.texts}
        return [groups.get((text.shape, text.category), UNKNOWN) for text in tally.texts]


def recurrence_of(rows: Iterable[Row]) -> Recurrence:
    """Return the recurring tasks, in one pass; memory grows with the distinct texts. Rows without text never recur."""
    return recurrence_from(tally_of(rows))


def recurrence_from(tally: RowTally) -> Recurrence:
    """Return the recurring tasks of the rows that were tallied."""
    groups, limited = merged_tasks(by_frequency(by_form(tally)))
    for task in groups:
        task.texts.sort(key=lambda text: (text.first, text.category))
    return Recurrence(tally.rows, tally.repeated_rows, by_frequency(groups), limited)


def by_form(tally: RowTally) -> Iterable[Task]:
    """Return the texts grouped by their normal form, each group under its alphabetically first text.

    Forms that differ only in the spaces between words are one: `e-mail` is `email`.
    """
    people = words_of_names(tally.people.keys()) if tally.tells_people else frozenset[str]()
    shapes = list(tally.by_shape)
    forms = [form_of(shape, people) for shape in shapes]
    words_of_shape = dict(
        zip(shapes, forms_without_names(forms, [tally.by_shape[shape].count for shape in shapes]), strict=True)
    )
    groups: dict[str, Task] = {}
    counted: set[str] = set()
    for text in sorted(tally.texts, key=lambda text: (text.first, text.category)):
        words = words_of_shape[text.shape]
        key = "".join(words) or text.shape
        task = groups.get(key) or groups.setdefault(key, Task(" ".join(words) or text.shape, text.first))
        task.add([text])
        task.texts_number += 0 if text.shape in counted else tally.by_shape[text.shape].count
        counted.add(text.shape)
    return groups.values()


def by_frequency(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks sorted by falling frequency; equally frequent ones by their fingerprint."""
    return sorted(tasks, key=lambda task: (-task.count, task.fingerprint))


def normal_form(text: str) -> str:
    """Return the text in lower case without punctuation, numbers, dates and extra spaces.

    A text of only numbers keeps them; a text without letters and digits becomes empty.
    """
    return form_of(text).text


def merged_tasks(tasks: Sequence[Task]) -> tuple[list[Task], bool]:
    """Return the tasks after joining similar ones under the most frequent of them, and if some were not compared.

    `tasks` is sorted by frequency.
    """
    short = [task for task in tasks if len(task.fingerprint) <= LONGEST_COMPARED]
    comparable = short[:MOST_COMPARED]
    leaders_of_word = leaders_of_words(texts_by_word(comparable))
    leaders: defaultdict[tuple[str, ...], list[Task]] = defaultdict(list)
    followers: set[str] = set()
    for task in comparable:
        key = tuple(sorted(leaders_of_word[word] for word in words_of(task.fingerprint))) or (task.fingerprint,)
        if leader := leader_of(task, leaders[key][:MOST_LEADERS]):
            leader.add(task.texts)
            leader.texts_number += task.texts_number
            followers.add(task.fingerprint)
        else:
            leaders[key].append(task)
    return [task for task in tasks if task.fingerprint not in followers], len(short) > MOST_COMPARED


def texts_by_word(tasks: Iterable[Task]) -> Counter[str]:
    """Return in how many texts each word occurs: a misspelling is in few, another word that looks like it in many."""
    counts = Counter[str]()
    for task in tasks:
        for word in set(words_of(task.fingerprint)):
            counts[word] += task.texts_number
    return counts


def words_of(form: str) -> list[str]:
    """Return the words of a form except FILLERS."""
    return [word for word in form.split() if word not in FILLERS]


def leader_of(task: Task, leaders: Iterable[Task]) -> Task | None:
    """Return the first leader (most frequent task of a group) that means the same task, or None."""
    return next((leader for leader in leaders if is_same_task(task.fingerprint, leader.fingerprint)), None)


def is_same_task(first: str, second: str) -> bool:
    """Return True if the forms are similar, and each word of one is similar to a word of the other."""
    return fuzz.token_set_ratio(first, second) >= SAME_TEXT_SCORE and has_same_words(first, second)


def has_same_words(first: str, second: str) -> bool:
    """Return True if each word of one form is similar to a word of the other: `file report` is not `file`."""
    left, right = Counter(words_of(first)), Counter(words_of(second))
    only_left, only_right = list((left - right).elements()), list((right - left).elements())
    for word in only_left:
        similar = [other for other in only_right if other[0] == word[0] and fuzz.ratio(word, other) >= SAME_WORD_SCORE]
        if not similar:
            return False
        only_right.remove(similar[0])
    return not only_right
