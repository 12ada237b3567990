"""Pydantic AI: deferred tool calls become questions, and calls that need an approval become approvals. Needs the extra
`pydantic-ai`.

The agent's `output_type` includes `DeferredToolRequests`. A tool that asks raises `CallDeferred`: its arguments are the
question, and `metadata={"schema": …}` is the schema of the answer, which becomes the tool's result.
"""

import asyncio
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic_ai import (
    Agent,
    DeferredToolRequests,
    DeferredToolResults,
    ModelMessagesTypeAdapter,
    RunContext,
    ToolDenied,
    ToolFailed,
)
from pydantic_ai.messages import ToolCallPart

from interlock_client.asking import NotAnswered
from interlock_client.client import Client
from interlock_client.effects import first_time, key_of_effect
from interlock_client.framework import FOREVER, ask_person, decide, keep, kept
from interlock_client.wording import approval_of_call, question_in

__all__ = ["answer_calls", "effect_key", "first_time", "run"]

REQUESTS: TypeAdapter[DeferredToolRequests] = TypeAdapter(DeferredToolRequests)
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


async def run(
    client: Client,
    agent: Agent[Any, Any],
    prompt: str,
    *,
    run_id: str,
    file: Path,
    seconds: float = FOREVER,
    **options: Any,
) -> Any:
    """Run the agent to its end, ask people where it needs them, and return its output as JSON values.

    The run is kept in `file`: called again after a crash, it goes on from its last pause, `prompt` unread; a run that
    has ended returns its output. Give each run to one process. `options` go to `Agent.run`. Raises TimeoutError.
    """
    while "output" not in (state := kept(file)):
        going_on = await resumed(client, state, run_id, seconds) if state else {"user_prompt": prompt}
        result = await agent.run(conversation_id=run_id, **going_on, **options)
        if isinstance(result.output, DeferredToolRequests):
            messages = ModelMessagesTypeAdapter.dump_python(result.all_messages(), mode="json")
            keep(file, {"messages": messages, "requests": REQUESTS.dump_python(result.output, mode="json")})
        else:
            keep(file, {"output": ANYTHING.dump_python(result.output, mode="json")})
    return state["output"]


async def resumed(client: Client, state: dict[str, Any], run_id: str, seconds: float) -> dict[str, Any]:
    """Return the arguments with which the paused run goes on, once people have answered."""
    requests = REQUESTS.validate_python(state["requests"])
    results = await answer_calls(client, requests, run_id, seconds=seconds)
    messages = ModelMessagesTypeAdapter.validate_python(state["messages"])
    return {"message_history": messages, "deferred_tool_results": results}


async def answer_calls(
    client: Client, requests: DeferredToolRequests, run_id: str, *, seconds: float = FOREVER
) -> DeferredToolResults:
    """Ask about all calls of a paused run, wait, and return the results with which it goes on. Raises TimeoutError.

    The same run and call is the same question. A handler of `HandleDeferredToolCalls` may return these results, too.
    """

    async def approval(call: ToolCallPart) -> bool | ToolDenied:
        key, words = f"pydantic-ai:{run_id}:{call.tool_call_id}", approval_of_call(call.tool_name, call.args_as_dict())
        decision = await decide(client, key=key, seconds=seconds, **words)
        return True if decision else ToolDenied(decision.notes or "The person did not approve.")

    async def answer(call: ToolCallPart) -> Any:
        key, about = f"pydantic-ai:{run_id}:{call.tool_call_id}", requests.metadata.get(call.tool_call_id, {})
        question = question_in(call.args_as_dict()) | {"schema": about.get("schema")}
        try:
            return await ask_person(client, key=key, seconds=seconds, **question)
        except NotAnswered as error:
            return ToolFailed(str(error))

    approvals = await asyncio.gather(*map(approval, requests.approvals))
    answers = await asyncio.gather(*map(answer, requests.calls))
    return requests.build_results(
        approvals={call.tool_call_id: given for call, given in zip(requests.approvals, approvals, strict=True)},
        calls={call.tool_call_id: given for call, given in zip(requests.calls, answers, strict=True)},
    )


def effect_key(context: RunContext[Any]) -> str:
    """Return a key for the effect of the tool call: the same each time that the call runs. Only inside a tool."""
    return key_of_effect(str(context.conversation_id), str(context.tool_call_id))
