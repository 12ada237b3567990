"""The agent that has a model design tests: for each requirement what to do, and what has to come out."""

from collections.abc import Iterable, Mapping
from typing import Any

from workers.agents.written.about_requirements import MOST_REQUIREMENTS, Matter, requirements_in
from workers.agents.written.asking import WrittenInput, written
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.prompts import prompt

PROMPT = ("test_design", 1)


@agent("test_writer", deliverable="test_design", uses_models=True)
def design_tests(work: WrittenInput, models: Models) -> Result:
    """Return the tests that a model designed, and which requirements have none."""
    requirements = requirements_in(work.deliverables)
    matter = Matter(requirements[:MOST_REQUIREMENTS], "tests", texts_of)
    found = written(models, prompt(*PROMPT), matter, work.model_budget_usd)
    entries = found.answer["tests"] if found.answer else []
    tests = [
        {
            "requirement": entry["requirement"],
            "title": matter.finished(entry["title"]),
            "steps": [matter.finished(step) for step in entry["steps"]],
            "expected": matter.finished(entry["expected"]),
            "written_by": "model",
        }
        for entry in entries
    ]
    uncovered = matter.uncovered(entries) if found.answer else []
    content = {"tests": tests, "uncovered": uncovered, "left_out": len(requirements) - len(matter.requirements)}
    return found.result("test_design", content, tests=len(tests), uncovered=len(uncovered))


def texts_of(entry: Mapping[str, Any]) -> Iterable[str]:
    """Return the texts that a model wrote in one test."""
    return [entry["title"], *entry["steps"], entry["expected"]]
