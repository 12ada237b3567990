"""The agent that has a model design tests: for each requirement what to do, and what has to come out."""

from collections.abc import Iterable, Mapping
from typing import Any

from workers.agents.written.about_requirements import Matter, about_each
from workers.agents.written.asking import WrittenInput
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.prompts import prompt

PROMPT = ("test_design", 1)


@agent("test_writer", deliverable="test_design", uses_models=True)
def design_tests(work: WrittenInput, models: Models) -> Result:
    """Return the tests that a model designed, and which requirements have none."""
    return about_each(
        work, models, prompt(*PROMPT), deliverable="test_design", entries="tests", texts_of=texts_of, finished=finished
    )


def finished(matter: Matter, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of one test."""
    return {
        "title": matter.finished(entry["title"]),
        "steps": [matter.finished(step) for step in entry["steps"]],
        "expected": matter.finished(entry["expected"]),
    }


def texts_of(entry: Mapping[str, Any]) -> Iterable[str]:
    """Return the texts that a model wrote in one test."""
    return [entry["title"], *entry["steps"], entry["expected"]]
