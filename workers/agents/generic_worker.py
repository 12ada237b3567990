"""Runs an item that names no special agent."""

from typing import Any

from workers.contract import AgentInput, Result, agent


class GenericInput(AgentInput):
    """Nothing is needed; a title is repeated."""

    title: str | None = None


# Nothing is computed, so many may be in hand at once.
@agent("generic_worker", deliverable="generic_output", prefetch=200)
def do_item(work: GenericInput) -> Result:
    """Say what the item rests on."""
    content: dict[str, Any] = {"title": work.title} if work.title else {}
    content["summary"] = summary(sorted(set(work.deliverables) - {"generic_output"}))
    return Result(content, {"deliverable": "generic_output", "rests_on": sorted(work.deliverables)})


def summary(rests_on: list[str]) -> str:
    """One sentence."""
    return f"It rests on {', '.join(rests_on)}." if rests_on else "Nothing had to be worked out."
