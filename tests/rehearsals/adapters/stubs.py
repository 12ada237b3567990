"""What stands in for the world in the programs of docs/agents.md: models that follow a script, and a sudden death.

It runs among the libraries of agents, without the system. Each library is imported where it is used.
"""

import os
import signal
from pathlib import Path
from typing import Any

INVOICE = "invoice-7"


def die_once() -> None:
    """Kill this process with SIGKILL, the first time that it comes here."""
    if not (mark := Path("died")).exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def pydantic_ai_model() -> Any:
    """A model that asks which invoice, has it paid as it is told, and repeats what the tool says."""
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    def reply(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        said = [part.content for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
        if not said:
            return ModelResponse([ToolCallPart("ask_accounting", {"question": "Which invoice is it?"})])
        if len(said) == 1:
            return ModelResponse([ToolCallPart("pay", {"invoice": said[0]})])
        return ModelResponse([TextPart(str(said[-1]))])

    return FunctionModel(reply)


def openai_agents_model() -> Any:
    """A model that has an invoice paid, and repeats what the tool says."""
    from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

    def reply(call: Any) -> ModelStep:
        outputs = [item["output"] for item in call.input if item.get("type") == "function_call_output"]
        if outputs:
            return ModelStep(output=[assistant_message(str(outputs[-1]))])
        return ModelStep(output=[function_call("pay", {"invoice": INVOICE}, call_id="call-1")])

    return ScriptedModel([ModelStep.respond(reply) for _ in range(4)])
