"""The agent that has a model fill in the outline of each step that `dev_worker` leaves to a developer.

It is a draft in words: nothing in it is run, and `development_output` stays as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from workers.agents.written.about_requirements import MOST_REQUIREMENTS, Matter, requirements_in
from workers.agents.written.asking import WrittenInput, written
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.prompts import prompt

PROMPT = ("development_draft", 1)
# The headings of a step, as `dev_worker` has them.
PARTS = ("input", "what_happens", "result", "what_can_go_wrong")


@agent("draft_writer", deliverable="development_draft", uses_models=True)
def draft_steps(work: WrittenInput, models: Models) -> Result:
    """Return the draft of the step of each requirement, and which requirements have none."""
    requirements = requirements_in(work.deliverables)
    matter = Matter(requirements[:MOST_REQUIREMENTS], "steps", texts_of)
    found = written(models, prompt(*PROMPT), matter, work.model_budget_usd)
    entries = found.answer["steps"] if found.answer else []
    steps = [
        {
            "requirement": entry["requirement"],
            **{part: matter.finished(entry[part]) for part in PARTS},
            "written_by": "model",
        }
        for entry in entries
    ]
    uncovered = matter.uncovered(entries) if found.answer else []
    content = {"steps": steps, "uncovered": uncovered, "left_out": len(requirements) - len(matter.requirements)}
    return found.result("development_draft", content, steps=len(steps), uncovered=len(uncovered))


def texts_of(entry: Mapping[str, Any]) -> Iterable[str]:
    """Return the texts that a model wrote in one step."""
    return [entry[part] for part in PARTS]
