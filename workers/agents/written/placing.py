"""The agent that asks a person about the rows whose category a model is not sure about: one question for all of them.

It asks no model. It is an item of its own, so that the answer of a person does not have the model asked again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workers.contract import AgentInput, Missing, Result, Unneeded, agent

FIELD = "category_of_tasks"
MOST_ASKED = 12
# A supplied schema has at most 16 KiB: of more tasks or longer names, the smaller tasks are not asked about.
SCHEMA_BYTES = 15_000
# The parts of the suggestion that tell who wrote it.
TOLD = ("written_by", "reason", "provider", "model", "prompt", "prompt_version")


class PlacingInput(AgentInput):
    """The input: what a model suggested, and the answer of a person, by the keys of the tasks."""

    category_of_tasks: Unneeded[dict[str, str] | None] = None


@agent("placing_worker", deliverable="row_categories")
def place_rows(work: PlacingInput) -> Result:
    """Return the category of each task, and who put it there. Raises Missing while a person has to be asked."""
    suggested = work.deliverables.get("suggested_categories", {})
    names = [name for name in listed(suggested, "categories") if isinstance(name, str)]
    unclear = [task for task in listed(suggested, "unclear") if isinstance(task, dict) and task.get("key")]
    asked = askable(unclear, names)
    if asked and work.category_of_tasks is None:
        raise Missing({FIELD: question(asked, names)}, "Some rows have no clear category.")
    answers = {key: name for key, name in (work.category_of_tasks or {}).items() if name in names}
    tasks = [*listed(suggested, "placed"), *(answered(task, answers) for task in unclear)]
    told = {key: suggested[key] for key in TOLD if key in suggested}
    by_person = sum(task["put_by"] == "person" for task in tasks)
    evidence = {"deliverable": "row_categories", "tasks": len(tasks), "by_person": by_person}
    return Result({**told, "tasks": tasks, "rows_left_out": suggested.get("rows_left_out", 0)}, evidence)


def listed(content: Mapping[str, Any], key: str) -> list[Any]:
    """Return the list under this key; an empty one if there is none."""
    found = content.get(key)
    return found if isinstance(found, list) else []


def askable(unclear: Sequence[dict[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the largest of the tasks, as many as one question can hold."""
    asked = list(unclear[:MOST_ASKED])
    while asked and len(json.dumps(question(asked, names)).encode()) > SCHEMA_BYTES:
        asked.pop()
    return asked


def question(asked: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Return the JSON Schema of the question: a choice among the categories for each task."""
    choices = {"type": "string", "enum": sorted(set(names))}
    parts = {str(task["key"]): {**choices, "title": str(task.get("text", ""))[:200]} for task in asked}
    return {
        "type": "object",
        "title": "To which category do these tasks belong?",
        "description": "The file does not say it clearly, and a language model was not sure enough. Leave a task "
        "without an answer if it belongs to none of the categories.",
        "properties": parts,
        "additionalProperties": False,
    }


def answered(task: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """Return a task with the category that a person chose; without one if nobody did."""
    kept = {key: task[key] for key in ("text", "rows", "minutes") if key in task}
    chosen = answers.get(str(task["key"]))
    return {**kept, "category": chosen, "put_by": "person"} if chosen else {**kept, "put_by": "nobody"}
