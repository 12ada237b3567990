"""The agent that turns requirements into a work plan and test outlines: documents for developers, not software."""

from typing import Any

from workers.agents.requirements_manager import MOST_REQUIREMENTS, RequestText, requirements_of, shortened_sentence
from workers.contract import AgentInput, Contradiction, Missing, Result, agent, question_schema

PLAN, TESTS = "work_plan.md", "acceptance_tests.md"
SUMMARY = "A work plan and an outline of tests for {count} requirements: a skeleton, no running software."


class DevelopmentInput(AgentInput):
    """The input: the requirements that an earlier item collected, or else the text of the request."""


class RequestNeeded(AgentInput):
    """The schema of the question to a person when there are neither requirements nor a request text."""

    request_text: RequestText


@agent("dev_worker", deliverable="development_output", reads_notes=True)
def plan_development(work: DevelopmentInput) -> Result:
    """Return the artifacts (work plan, one step per requirement, test outline) and which requirements they cover."""
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
    """Return {number, text} of each requirement, from the deliverable or else from the request's text.

    Raises Missing if there is neither, Contradiction if the delivered numbers are missing or not unique.
    """
    delivered = work.deliverables.get("requirements_analysis", {}).get("requirements")
    if isinstance(delivered, list) and delivered:
        numbered = [r for r in delivered if isinstance(r, dict) and isinstance(r.get("number"), int)]
        if len({r["number"] for r in numbered}) < len(delivered):
            raise Contradiction("Some requirements have no number or the same number: collect the requirements again.")
        return [{"number": r["number"], "text": shortened_sentence(str(r.get("text", "")))} for r in numbered]
    if not work.request_text.strip():
        fields = {"request_text": question_schema(RequestNeeded, "request_text")}
        raise Missing(fields, "There is no requirement to start from.")
    return requirements_of(work.request_text, [])[:MOST_REQUIREMENTS]


def plan(requirements: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    """Return the work plan: the reviewers' notes, then one numbered line for each requirement."""
    remarks = [f"> Reviewer: {shortened_sentence(note)}" for note in notes]
    steps = [f"{place}. {r['text']} (requirement {r['number']})" for place, r in enumerate(requirements, start=1)]
    return {
        "name": PLAN,
        "purpose": "The steps in order",
        "requirement_numbers": [r["number"] for r in requirements],
        "content": "\n".join(["# Work plan", "", *remarks, *steps]),
    }


def step(requirement: dict[str, Any]) -> dict[str, Any]:
    """Return the outline of one requirement's step: headings that a developer fills in."""
    number = requirement["number"]
    parts = ("Input", "What happens", "Result", "What can go wrong")
    return {
        "name": f"step_{number:03d}.md",
        "purpose": f"Skeleton for requirement {number}",
        "requirement_numbers": [number],
        "content": "\n".join([f"# {requirement['text']}", *(f"\n## {part}" for part in parts)]),
    }


def tests(requirements: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the list of acceptance tests, one line for each requirement."""
    lines = [f"- [ ] {r['number']}: it can be shown that: {r['text']}" for r in requirements]
    return {
        "name": TESTS,
        "purpose": "How each requirement is shown to be met",
        "requirement_numbers": [r["number"] for r in requirements],
        "content": "\n".join(["# Acceptance tests", "", *lines]),
    }


def coverage(requirements: list[dict[str, Any]], artifacts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts of requirements, of those with an artifact of their own, and of those without."""
    with_own_artifact = {a["requirement_numbers"][0] for a in artifacts if len(a["requirement_numbers"]) == 1}
    covered = sum(r["number"] in with_own_artifact for r in requirements)
    return {"requirements": len(requirements), "covered": covered, "uncovered": len(requirements) - covered}
