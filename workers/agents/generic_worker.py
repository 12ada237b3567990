"""The agent for items that name no other agent: it lists the deliverables that the item builds on."""

from typing import Any

from workers.contract import AgentInput, Result, agent


class GenericInput(AgentInput):
    """The input: nothing is required; a title is copied into the result."""

    title: str | None = None


# `quick`, because the agent reads only the names of the deliverables, of which a project has few.
@agent("generic_worker", deliverable="generic_output", prefetch=200, quick=True)
def do_item(work: GenericInput) -> Result:
    """Return the item's title and a summary that names the deliverables it builds on."""
    content: dict[str, Any] = {"title": work.title} if work.title else {}
    content["summary"] = summary(sorted(set(work.deliverables) - {"generic_output"}))
    return Result(content, {"deliverable": "generic_output", "rests_on": sorted(work.deliverables)})


def summary(rests_on: list[str]) -> str:
    """Return one sentence that names the deliverables."""
    if not rests_on:
        return "No other item delivered a result that this one could use."
    return f"Made with these results: {', '.join(rests_on)}."
