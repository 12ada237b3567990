"""A2A: where another agent's task needs input, a person is asked, and the answer goes to the agent. Needs the extra
`a2a`.

The question's key is the task and the message with which the agent asks. The answer's message has an id made of the
same: an agent that gets it twice can see that it is the same message.
"""

import asyncio
import json
from typing import Any

from a2a.client import Client as Agent
from a2a.helpers.proto_helpers import get_message_text
from a2a.types import GetTaskRequest, Message, Part, Role, SendMessageRequest, Task, TaskState

from interlock_client.asking import LONGEST_TITLE
from interlock_client.client import Client
from interlock_client.effects import key_of_effect
from interlock_client.framework import FOREVER, ask_person

WORKING = (TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING)
LOOK_SECONDS = 1.0


async def complete_task(
    client: Client, agent: Agent, task_id: str, *, seconds: float = FOREVER, **question: Any
) -> Task:
    """Wait until the agent's task has ended, ask a person each time that it needs input, and return the task.

    May be called again after a crash. `question` (schema, to, details) goes with each question. What needs a sign-in
    (`auth-required`) is returned as it is. Raises NotAnswered or TimeoutError.
    """
    while True:
        task = await agent.get_task(GetTaskRequest(id=task_id))
        if task.status.state == TaskState.TASK_STATE_INPUT_REQUIRED:
            await send_answer(client, agent, task, seconds, question)
        elif task.status.state not in WORKING:
            return task
        else:
            await asyncio.sleep(LOOK_SECONDS)


async def send_answer(client: Client, agent: Agent, task: Task, seconds: float, question: dict[str, Any]) -> None:
    """Ask a person what the agent asks, and send the answer; texts as they are, anything else as JSON."""
    asked = task.status.message
    key = f"a2a:{task.id}:{asked.message_id or task.status.timestamp.ToJsonString()}"
    title = get_message_text(asked).strip() or "An agent needs your input"
    if "details" not in question and len(title) > LONGEST_TITLE:
        question = {**question, "details": title}
    value = await ask_person(client, key=key, seconds=seconds, title=title, **question)
    text = value if isinstance(value, str) else json.dumps(value)
    message = Message(
        message_id=key_of_effect(key), task_id=task.id, context_id=task.context_id, role=Role.ROLE_USER,
        parts=[Part(text=text)],
    )  # fmt: skip
    async for _ in agent.send_message(SendMessageRequest(message=message)):
        pass
