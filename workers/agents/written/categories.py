"""The agent that has a model say to which category rows belong whose file does not say it clearly.

The model may only choose among the file's own categories, by reference, so no word of it is shown. What it is not sure
about is left to a person (`placing_worker`). The analyses go on counting the rows as the file has them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from workers.agents.written.asking import WrittenInput, written
from workers.agents.written.unclear_rows import Category, Survey, Task, survey_of
from workers.contract import Result, Unneeded, agent
from workers.models.contract import Models
from workers.models.masking import Masks, letters
from workers.models.prompts import prompt

PROMPT = ("row_categories", 1)
MOST_TASKS = 40
MOST_CATEGORIES = 20
LONGEST_CATEGORY = 100


class CategoriesInput(WrittenInput):
    """The input: from how much confidence on a model's choice stands; below it a person is asked."""

    category_confidence_percent: Unneeded[int] = Field(80, ge=0, le=100)


@dataclass
class Matter:
    """The tasks whose category a model is to choose, and the categories."""

    tasks: Sequence[Task]
    categories: Sequence[Category]
    masks: Masks = field(default_factory=Masks)

    def __post_init__(self) -> None:
        self.task_at = {letters(place): task for place, task in enumerate(self.tasks)}
        self.category_at = {letters(place): category for place, category in enumerate(self.categories)}

    def why_not(self) -> str:
        """Return the reason for asking nobody: every row has a category, or there is nothing to choose from."""
        if not self.tasks:
            return "no_unclear_rows"
        return "" if len(self.categories) > 1 else "no_categories"

    def as_data(self) -> dict[str, Any]:
        """Return the tasks and the categories by their references, masked; of each category some rows."""
        mask = self.masks.mask
        categories = [
            {"category": reference, "text": mask(known.name), "rows": [mask(text) for text in known.examples]}
            for reference, known in self.category_at.items()
        ]
        tasks = [{"task": reference, "text": mask(task.text)} for reference, task in self.task_at.items()]
        return {"categories": categories, "tasks": tasks}

    def faults(self, answer: Mapping[str, Any]) -> list[str]:
        """Return why the choices are refused: a task or a category that was not given, or a task twice."""
        chosen = [entry["task"] for entry in answer["placed"]]
        unknown = any(entry["category"] not in self.category_at for entry in answer["placed"])
        if unknown or not self.task_at.keys() >= set(chosen):
            return ["a task or a category is named that was not given"]
        return [] if len(set(chosen)) == len(chosen) else ["a task is named twice"]


@agent("category_writer", deliverable="suggested_categories", uses_models=True)
def write_categories(work: CategoriesInput, models: Models) -> Result:
    """Return the category of each task that a model is sure enough about, and the tasks that a person has to place."""
    survey, bound = survey_of(work.rows), work.category_confidence_percent
    matter = Matter(survey.largest_tasks()[:MOST_TASKS], survey.largest_categories(MOST_CATEGORIES))
    found = written(models, prompt(*PROMPT), matter, work.model_budget_usd)
    placed, unclear = parted(matter, found.answer["placed"], bound) if found.answer else ([], [])
    names = [known.name[:LONGEST_CATEGORY] for known in matter.categories]
    content = {"placed": placed, "unclear": unclear, "categories": names, "bound_percent": bound}
    counts = {"placed": len(placed), "unclear": len(unclear)}
    return found.result("suggested_categories", {**content, "rows_left_out": left_out(survey)}, **counts)


def parted(
    matter: Matter, answer: Sequence[Mapping[str, Any]], bound: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the tasks that the model placed with enough confidence, and those that it did not."""
    chosen = {entry["task"]: entry for entry in answer}
    placed, unclear = [], []
    for reference, task in matter.task_at.items():
        entry = chosen.get(reference)
        if entry is None:
            unclear.append({**task.as_json(), "key": task.key})
            continue
        name = matter.category_at[entry["category"]].name[:LONGEST_CATEGORY]
        told = {**task.as_json(), "category": name, "confidence_percent": entry["confidence_percent"]}
        if entry["confidence_percent"] >= bound:
            placed.append({**told, "put_by": "model"})
        else:
            unclear.append({**told, "key": task.key})
    return placed, unclear


def left_out(survey: Survey) -> int:
    """Return how many rows without a clear category no model was asked about, since there are too many, or no text."""
    asked = survey.largest_tasks()[:MOST_TASKS]
    return survey.rows_left_out + sum(t.rows for t in survey.tasks.values()) - sum(t.rows for t in asked)
