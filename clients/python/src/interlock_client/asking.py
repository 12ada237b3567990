"""Questions of a program to a person: asked once for each key, answered once, and still there after a restart."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from interlock_client.client import Client, Json, Problem

# Made once for this purpose: the id of a question's project is derived from it.
NAMESPACE = UUID("5d0c8f0e-7d0b-4f0b-9a53-1c7b8b3f7a52")
# Between two looks for an answer: the wait grows from the first to the last, so that a long wait costs little.
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
EXISTS = "project-exists"
# In characters; what is longer is cut off.
LONGEST_TITLE = 300
LONGEST_DETAILS = 20_000
TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 10_000}


class NotAnswered(Exception):
    """There will be no answer: the question was declined, withdrawn or expired."""


@dataclass(frozen=True)
class Answer:
    """The answer of a person: the value, and the name of the account that gave it."""

    value: Any
    answered_by: str


def ask(client: Client, title: str, *, key: str, seconds: float = float("inf"), **question: Any) -> Any:
    """Ask a person, wait, and return the answer's value. `question`: schema, details.

    With the same key it is the same question: it is asked once, however often this is called, by whichever process.
    Raises NotAnswered; or TimeoutError after `seconds`, when the question stays open and may be awaited again.
    """
    question_id = put_question(client, title, key=key, **question)
    return wait_for_answer(client, question_id, seconds=seconds).value


def wait_for_answer(client: Client, question_id: str, *, seconds: float = float("inf")) -> Answer:
    """Return the answer as soon as there is one. Raises NotAnswered, or TimeoutError after `seconds`."""
    deadline, wait = time.monotonic() + seconds, FIRST_WAIT_SECONDS
    while (answer := find_answer(client, question_id)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Nobody has answered after {seconds} s; the question is still open.")
        time.sleep(wait)
        wait = min(wait * 1.5, LONGEST_WAIT_SECONDS)
    return answer


def put_question(client: Client, title: str, *, key: str, schema: Json | None = None, details: str = "") -> str:
    """Ask a person, and return an id for `find_answer` without waiting. Idempotent for each account and key.

    `schema` is the JSON Schema of the answer, a text if it is left out; `details` is shown below the title. Of a second
    call with the key nothing is read: the first question stands. Raises Problem.
    """
    project_id = question_id_of(client, key)
    question = {"title": title[:LONGEST_TITLE], "reason": details[:LONGEST_DETAILS], "schema": schema or TEXT}
    try:
        client.post("questions", {"project_id": project_id, **question})
    except Problem as problem:
        if problem.type != EXISTS:
            raise
    return project_id


def question_id_of(client: Client, key: str) -> str:
    """Return the id of the question with this key: the same for every process that uses the same account."""
    if client.account is None:
        client.account = client.get("me")["username"]
    return str(uuid5(NAMESPACE, f"{client.account}\n{key}"))


def find_answer(client: Client, question_id: str) -> Answer | None:
    """Return the answer to the question, or None while it is open. Raises NotAnswered."""
    question = next(client.questions(project=question_id), None)
    if question is None:
        raise NotAnswered(f"There is no question {question_id} that this account may see.")
    if answer := question["answer"]:
        return Answer(answer["value"], answer["answered_by"])
    if question["status"] == "OPEN":
        return None
    raise NotAnswered(f"“{question['title']}” was closed without an answer: {question['status']}.")
