"""Runs an item that names no special agent."""

from typing import Any

from workers.contract import AgentInput, Result, agent


class GenericInput(AgentInput):
    """Nothing is needed; a title is repeated."""

    title: str | None = None


# Only the names of what was delivered are looked at, and a project has few: nothing that needs to be ended.
@agent("generic_worker", deliverable="generic_output", prefetch=200, quick=True)
def do_item(work: GenericInput) -> Result:
    """Say what the item rests on."""
    content: dict[str, Any] = {"title": work.title} if work.title else {}
    content["summary"] = summary(sorted(set(work.deliverables) - {"generic_output"}))
    return Result(content, {"deliverable": "generic_output", "rests_on": sorted(work.deliverables)})


def summary(rests_on: list[str]) -> str:
    """One sentence."""
    return f"It rests on {', '.join(rests_on)}." if rests_on else "Nothing had to be worked out."
