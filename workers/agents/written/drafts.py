"""The agent that has a model fill in the outline of each step that `dev_worker` leaves to a developer.

It is a draft in words: nothing in it is run, and `development_output` stays as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from workers.agents.written.about_requirements import Matter, about_each
from workers.agents.written.asking import WrittenInput
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.prompts import prompt

PROMPT = ("development_draft", 1)
# The headings of a step, as `dev_worker` has them.
PARTS = ("input", "what_happens", "result", "what_can_go_wrong")


@agent("draft_writer", deliverable="development_draft", uses_models=True)
def draft_steps(work: WrittenInput, models: Models) -> Result:
    """Return the draft of the step of each requirement, and which requirements have none."""
    return about_each(
        work,
        models,
        prompt(*PROMPT),
        deliverable="development_draft",
        entries="steps",
        texts_of=texts_of,
        finished=finished,
    )


def finished(matter: Matter, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of one step."""
    return {part: matter.finished(entry[part]) for part in PARTS}


def texts_of(entry: Mapping[str, Any]) -> Iterable[str]:
    """Return the texts that a model wrote in one step."""
    return [entry[part] for part in PARTS]
