"""LangGraph: an `interrupt()` becomes a question to a person, and its answer resumes the graph. Needs the extra
`langgraph`.

The graph needs a checkpointer that survives its process. The question's key is the thread and the interrupt's id, which
LangGraph derives from the checkpoint, so a process that died between asking and waiting finds its question again. The
answer goes in by that id: LangGraph stores it with the node's end, and until then the same answer is read again.

LangGraph keeps two promises to its user itself: a node begins again at its first line when it is resumed, and after a
crash. What a node does outside happens once with `effect_key` or `first_time`. Of two processes that run one thread at
the same time, LangGraph stops neither: give each thread to one process.
"""

from collections.abc import Callable
from typing import Any, Protocol

from langchain_core.runnables import RunnableConfig
from langgraph.config import get_config
from langgraph.types import Command, Interrupt

from interlock_client.asking import put_question, wait_for_answer
from interlock_client.client import Client, Json
from interlock_client.effects import first_time, key_of_effect
from interlock_client.wording import question_in

__all__ = ["answer_interrupts", "effect_key", "first_time", "question_of", "run"]


class Graph(Protocol):
    """A compiled graph with a checkpointer, as far as it is used here."""

    def get_state(self, config: RunnableConfig) -> Any:
        """Return the state of the thread."""

    def invoke(self, input: Any, config: RunnableConfig, *, durability: Any) -> Any:
        """Run the graph until it ends or is interrupted."""


ToQuestion = Callable[[Interrupt[Any]], Json]


def question_of(interrupt: Interrupt[Any]) -> Json:
    """Return the question of an interrupt: title, details, and its `response_schema` as the schema of the answer.

    A text is the title. Of an object, the title is under `question`, `title` or `message`, and the rest is shown as
    details.
    """
    schema = interrupt.response_schema
    return question_in(interrupt.value) | ({"schema": schema} if isinstance(schema, dict) else {})


def run(
    client: Client, graph: Graph, start: Any, config: RunnableConfig, *, to_question: ToQuestion = question_of
) -> Json:
    """Run the thread to its end, ask a person at each interrupt, and return the values of the final state.

    Safe to call again after a crash: a thread that has begun goes on where it was, `start` unread, and one that has
    ended returns its values. Raises NotAnswered if a person declines.
    """
    if graph.get_state(config).created_at is None:
        graph.invoke(start, config, durability="sync")
    return answer_interrupts(client, graph, config, to_question=to_question)


def answer_interrupts(
    client: Client, graph: Graph, config: RunnableConfig, *, to_question: ToQuestion = question_of
) -> Json:
    """Run a thread that has begun to its end, and return the values of the final state.

    Where it is interrupted, all open interrupts are asked, and it is resumed when all are answered. It goes on through
    breakpoints (`interrupt_before`), at which nothing is asked. Raises NotAnswered.
    """
    thread = config["configurable"]["thread_id"]
    # By the tasks and not by `next`: a node that finished just before a crash is a task, and no next step.
    while (state := graph.get_state(config)).tasks:
        asked = {
            interrupt.id: put_question(client, key=f"langgraph:{thread}:{interrupt.id}", **to_question(interrupt))
            for interrupt in state.interrupts
        }
        answers = {id_: wait_for_answer(client, question_id).value for id_, question_id in asked.items()}
        graph.invoke(Command(resume=answers) if answers else None, config, durability="sync")
    values: Json = state.values
    return values


# -- effects ---------------------------------------------------------------------------------------
def effect_key(name: str = "") -> str:
    """Return a key for an effect of the node that runs: the same each time that the node begins again.

    Send it as the `Idempotency-Key` of a request, or store it with `first_time`. A node with several effects gives each
    a name. Only inside a node.
    """
    at = get_config()["configurable"]
    return key_of_effect(at["thread_id"], at["checkpoint_ns"], name)
