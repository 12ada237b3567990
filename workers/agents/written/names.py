"""The agent that has a model name the recurring tasks, which the analysis only knows by the text of one of their rows.

A name is a label beside that text: it changes no figure, and nothing is grouped by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.agents.written.asking import WrittenInput, written
from workers.agents.written.prose import shares_a_word
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.grounding import is_plain, ungrounded
from workers.models.masking import MARKS, Masks, letters
from workers.models.prompts import prompt

PROMPT = ("task_names", 1)
MOST_NAMED = 20
MOST_TEXTS = 5
LONGEST_TEXT = 200


@dataclass(frozen=True)
class Task:
    """A recurring task: the reference by which a model names it, and what the analysis tells about it."""

    reference: str
    fingerprint: str
    sample_text: str
    texts: tuple[str, ...]
    count: int


@dataclass
class Matter:
    """The tasks that a model is to name."""

    tasks: Sequence[Task]
    masks: Masks = field(default_factory=Masks)

    def why_not(self) -> str:
        """Return the reason for asking nobody: nothing recurs."""
        return "" if self.tasks else "no_tasks"

    def as_data(self) -> dict[str, Any]:
        """Return the tasks by their references, with some of their texts, masked."""
        masked = [
            {"task": task.reference, "texts": [self.masks.mask(text) for text in task.texts]} for task in self.tasks
        ]
        return {"tasks": masked}

    def faults(self, answer: Mapping[str, Any]) -> list[str]:
        """Return why the names are refused."""
        found = [entry["name"].casefold() for entry in answer["names"]]
        named = [entry["task"] for entry in answer["names"]]
        if len(set(named)) < len(named) or len(set(found)) < len(found):
            return ["a task is named twice, or a name is given twice"]
        return [fault for entry in answer["names"] for fault in self.faults_of(entry)]

    def faults_of(self, entry: Mapping[str, str]) -> list[str]:
        """Return why one name is refused: an unknown task, markup, a quantity, or a name of something else."""
        task = next((task for task in self.tasks if task.reference == entry["task"]), None)
        if task is None:
            return ["a task is named that was not given"]
        if not is_plain(entry["name"]) or ungrounded(entry["name"], []):
            return ["a name is no plain text, or states a quantity"]
        return [] if shares_a_word(entry["name"], " ".join(task.texts)) else ["a name has no word of its task"]


@agent("name_writer", deliverable="task_names", uses_models=True)
def write_names(work: WrittenInput, models: Models) -> Result:
    """Return a name for each recurring task that a model named, those with the most time first."""
    tasks = tasks_of(work.deliverables.get("friction_analysis", {}))
    found = written(models, prompt(*PROMPT), Matter(tasks), work.model_budget_usd)
    given = {entry["task"]: " ".join(entry["name"].split()) for entry in found.answer["names"]} if found.answer else {}
    names = [line(task, given[task.reference]) for task in tasks if task.reference in given]
    return found.result("task_names", {"names": names}, names=len(names))


def tasks_of(friction: Mapping[str, Any]) -> list[Task]:
    """Return the recurring tasks with the most minutes; one whose texts are names and numbers only is left out."""
    clusters = friction.get("clusters")
    usable = [c for c in clusters if isinstance(c, dict) and texts_in(c)] if isinstance(clusters, list) else []
    largest = sorted(usable, key=lambda cluster: -minutes_of(cluster))[:MOST_NAMED]
    return [
        Task(letters(place), str(c.get("fingerprint", "")), str(c["sample_text"]), tuple(texts_in(c)), count_of(c))
        for place, c in enumerate(largest)
    ]


def texts_in(cluster: Mapping[str, Any]) -> list[str]:
    """Return some texts of the cluster that have words left once they are masked; none without its main text."""
    if not isinstance(cluster.get("sample_text"), str):
        return []
    told = cluster.get("texts")
    more = told if isinstance(told, list) else []
    texts = [text[:LONGEST_TEXT] for text in [cluster["sample_text"], *more] if isinstance(text, str)]
    telling = [text for text in dict.fromkeys(texts) if any(map(str.isalpha, MARKS.sub("", Masks().mask(text))))]
    return telling[:MOST_TEXTS]


def minutes_of(cluster: Mapping[str, Any]) -> float:
    """Return the minutes of the cluster; 0 if it does not tell them."""
    minutes = cluster.get("minutes")
    return float(minutes) if isinstance(minutes, int | float) else 0.0


def count_of(cluster: Mapping[str, Any]) -> int:
    """Return how many rows the cluster has; 0 if it does not tell."""
    count = cluster.get("count")
    return count if isinstance(count, int) else 0


def line(task: Task, name: str) -> dict[str, Any]:
    """Return one name as the deliverable states it, with who gave it."""
    told = {"name": name, "task": task.sample_text, "count": task.count, "named_by": "model"}
    return {**told, "fingerprint": task.fingerprint}
