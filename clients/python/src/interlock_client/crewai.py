"""CrewAI: the feedback that a flow waits for becomes a question. Needs CrewAI beside this package.

`@human_feedback(…, provider=Interlock())` pauses the flow, CrewAI stores it, and `run` asks a person and resumes it.
The pause stays stored until the flow pauses again: a process that dies meanwhile resumes with the same answer.
"""

import json
from pathlib import Path
from typing import Any, Never

from crewai.flow import Flow
from crewai.flow.async_feedback import HumanFeedbackPending, PendingFeedbackContext
from crewai.flow.persistence import SQLiteFlowPersistence

from interlock_client.asking import put_question, wait_for_answer
from interlock_client.client import Client, Json
from interlock_client.framework import FOREVER, keep, kept
from interlock_client.wording import in_words


class Interlock:
    """The provider of `@human_feedback`; its `metadata` may have the `schema` of the answer, and `to`."""

    def request_feedback(self, context: PendingFeedbackContext, flow: Any) -> Never:
        """Pause the flow. Raises ValueError for `emit`, with which a model decides what the person meant."""
        if context.emit:
            raise ValueError(
                "With `emit`, a language model decides which outcome the person meant. Leave it out, give"
                " metadata={'schema': {'enum': […]}}, and choose the next step by the feedback."
            )
        raise HumanFeedbackPending(context=context)


class Pauses(SQLiteFlowPersistence):  # type: ignore[misc]
    """Stores flows. CrewAI removes a pause before it goes on; here it stays until the next one or the flow's end."""

    def clear_pending_feedback(self, flow_uuid: str) -> None:
        """Keep the pause: the flow has not gone on yet."""


def run(
    client: Client, flow: type[Flow[Any]], *, flow_id: str, folder: Path, seconds: float = FOREVER, **inputs: Any
) -> Any:
    """Run the flow to its end, ask a person at each pause, and return its output, which has to be JSON values.

    The flow is kept in `folder`: called again after a crash, it goes on from its last pause; a flow that has ended
    returns its output. Raises NotAnswered or TimeoutError.
    """
    pauses, file = Pauses(str(folder / "flows.sqlite3")), folder / f"{flow_id}.json"

    def until_paused() -> Any:
        if pauses.load_pending_feedback(flow_id) is None:
            return flow(persistence=pauses).kickoff(inputs={"id": flow_id, **inputs})
        paused = flow.from_pending(flow_id, pauses)
        return paused.resume(feedback(client, paused.pending_feedback, seconds))

    while "output" not in (ended := kept(file)):
        if not isinstance(output := until_paused(), HumanFeedbackPending):
            keep(file, {"output": output})
    return ended["output"]


def feedback(client: Client, pause: PendingFeedbackContext, seconds: float) -> str:
    """Ask about the pause, wait, and return the answer: a text as it is, anything else as JSON."""
    key = f"crewai:{pause.flow_id}:{pause.method_name}:{pause.requested_at.isoformat()}"
    about: Json = {name: pause.metadata[name] for name in ("schema", "to") if name in pause.metadata}
    question_id = put_question(client, pause.message, key=key, details=in_words(pause.method_output), **about)
    value = wait_for_answer(client, question_id, seconds=seconds).value
    return value if isinstance(value, str) else json.dumps(value)
