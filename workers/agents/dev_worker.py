"""From requirements to a plan of the work: a skeleton for whoever builds it, not the built thing."""

from typing import Any

from workers.agents.requirements_manager import MOST_REQUIREMENTS, RequestText, requirements_of, shown
from workers.contract import AgentInput, Contradiction, Missing, Result, agent, asked

PLAN, TESTS = "work_plan.md", "acceptance_tests.md"
SUMMARY = "A work plan and an outline of tests for {count} requirements: a skeleton, no running software."


class DevelopmentInput(AgentInput):
    """Requirements that were collected before, or the request itself."""


class RequestNeeded(AgentInput):
    """What is asked for when neither is there."""

    request_text: RequestText


@agent("dev_worker", deliverable="development_output")
def plan_development(work: DevelopmentInput) -> Result:
    """A step for each requirement, an outline of its test, and which requirement each artifact covers."""
    requirements = numbered_requirements(work)
    artifacts = [
        plan(requirements, work.notes),
        *(step(requirement) for requirement in requirements),
        tests(requirements),
    ]
    covered = coverage(requirements, artifacts)
    content = {"artifacts": artifacts, "coverage": covered, "summary": SUMMARY.format(count=len(requirements))}
    evidence = {"deliverable": "development_output", "artifacts": len(artifacts), **covered}
    return Result(content, evidence)


def numbered_requirements(work: DevelopmentInput) -> list[dict[str, Any]]:
    """Number and text of each requirement. Raises Missing if there is nothing to start from, or Contradiction."""
    delivered = work.deliverables.get("requirements_analysis", {}).get("requirements")
    if isinstance(delivered, list) and delivered:
        known = [r for r in delivered if isinstance(r, dict) and isinstance(r.get("number"), int)]
        if len({r["number"] for r in known}) < len(delivered):
            raise Contradiction("The requirements do not have one number each: collect them again.")
        return [{"number": r["number"], "text": shown(str(r.get("text", "")))} for r in known]
    if not work.request_text.strip():
        raise Missing({"request_text": asked(RequestNeeded, "request_text")}, "There is no requirement to start from.")
    return requirements_of(work.request_text, [])[:MOST_REQUIREMENTS]


def plan(requirements: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    """The order of the work, with what reviewers noted on top."""
    remarks = [f"> Reviewer: {shown(note)}" for note in notes]
    steps = [f"{place}. {r['text']} (requirement {r['number']})" for place, r in enumerate(requirements, start=1)]
    return {
        "name": PLAN,
        "purpose": "The steps in order",
        "requirement_numbers": [r["number"] for r in requirements],
        "content": "\n".join(["# Work plan", "", *remarks, *steps]),
    }


def step(requirement: dict[str, Any]) -> dict[str, Any]:
    """What is to be built for one requirement, to be filled in."""
    number = requirement["number"]
    parts = ("Input", "What happens", "Result", "What can go wrong")
    return {
        "name": f"step_{number:03d}.md",
        "purpose": f"Skeleton for requirement {number}",
        "requirement_numbers": [number],
        "content": "\n".join([f"# {requirement['text']}", *(f"\n## {part}" for part in parts)]),
    }


def tests(requirements: list[dict[str, Any]]) -> dict[str, Any]:
    """One acceptance test a requirement, in outline."""
    lines = [f"- [ ] {r['number']}: it can be shown that: {r['text']}" for r in requirements]
    return {
        "name": TESTS,
        "purpose": "How each requirement is shown to be met",
        "requirement_numbers": [r["number"] for r in requirements],
        "content": "\n".join(["# Acceptance tests", "", *lines]),
    }


def coverage(requirements: list[dict[str, Any]], artifacts: list[dict[str, Any]]) -> dict[str, Any]:
    """How many requirements there are, and how many some step of its own is for."""
    own = {artifact["requirement_numbers"][0] for artifact in artifacts if len(artifact["requirement_numbers"]) == 1}
    covered = sum(r["number"] in own for r in requirements)
    return {"requirements": len(requirements), "covered": covered, "uncovered": len(requirements) - covered}
