"""OpenAI Agents SDK: tool calls that need an approval become approvals. Needs the extra `openai-agents`.

A tool with `needs_approval` interrupts the run. Its state is kept in a file before a person is asked.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

from agents import Agent, Runner, RunState, ToolApprovalItem
from agents.tool_context import ToolContext

from interlock_client.asking import Decision
from interlock_client.client import Client
from interlock_client.effects import first_time, key_of_effect
from interlock_client.framework import FOREVER, decide, keep, kept
from interlock_client.wording import approval_of_call

__all__ = ["decide_interruptions", "effect_key", "first_time", "run"]


async def run(
    client: Client, agent: Agent[Any], start: Any, *, run_id: str, file: Path, seconds: float = FOREVER, **options: Any
) -> Any:
    """Run the agent to its end, have people decide at each interruption, and return its final output.

    The run is kept in `file`: called again after a crash, it goes on from its last pause, `start` unread; a run that
    has ended returns its output. The output has to be JSON values. Give each run to one process. `options` go to
    `Runner.run`. Raises TimeoutError.
    """
    while "output" not in (state := kept(file)):
        going_on = start
        if state:
            going_on = await RunState.from_json(agent, state["state"])
            await decide_interruptions(client, going_on, run_id, seconds=seconds)
        result = await Runner.run(agent, going_on, **options)
        keep(file, {"state": result.to_state().to_json()} if result.interruptions else {"output": result.final_output})
    return state["output"]


async def decide_interruptions(
    client: Client, state: RunState[Any, Any], run_id: str, *, seconds: float = FOREVER
) -> None:
    """Ask about all interruptions of the state, wait, and approve or reject each in it. Raises TimeoutError.

    The same run and call is the same approval. A rejection's notes go to the model.
    """

    async def decision(item: ToolApprovalItem) -> Decision:
        words = approval_of_call(str(item.qualified_name), json_or_text(item.arguments))
        return await decide(client, key=f"openai-agents:{run_id}:{item.call_id}", seconds=seconds, **words)

    items = state.get_interruptions()
    for item, decided in zip(items, await asyncio.gather(*map(decision, items)), strict=True):
        if decided:
            state.approve(item)
        else:
            state.reject(item, rejection_message=decided.notes or "The person did not approve.")


def json_or_text(arguments: str | None) -> Any:
    """Return the arguments as JSON values; as the text that they are if they are no JSON."""
    try:
        return json.loads(arguments or "null")
    except ValueError:
        return arguments


def effect_key(context: ToolContext[Any], run_id: str) -> str:
    """Return a key for the effect of the tool call: the same each time that the call runs. Only inside a tool."""
    return key_of_effect(run_id, context.tool_call_id)
