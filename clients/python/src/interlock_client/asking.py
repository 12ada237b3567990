"""Questions of a program to a person: asked once for each key, answered once, and still there after a restart.

An approval's key is bound to its words as well: what a person approved is what they read, and the same key with other
words is another approval.
"""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from interlock_client.client import Client, Json, Problem

# Made once for this purpose: the id of a question's project is derived from it.
NAMESPACE = UUID("5d0c8f0e-7d0b-4f0b-9a53-1c7b8b3f7a52")
# Between two looks for an answer: the wait grows from the first to the last, so that a long wait costs little.
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15.0
EXISTS = "project-exists"
# In characters; what is longer is cut off a question, and refused for an approval.
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


@dataclass(frozen=True)
class Decision:
    """The decision of a person about an approval. `notes` say what to do differently, after a rejection."""

    approved: bool
    notes: str
    decided_by: str

    def __bool__(self) -> bool:
        return self.approved


# -- questions -------------------------------------------------------------------------------------


def ask(client: Client, title: str, *, key: str, seconds: float = float("inf"), **question: Any) -> Any:
    """Ask a person, wait, and return the answer's value. `question`: schema, details, to.

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


def put_question(
    client: Client, title: str, *, key: str, schema: Json | None = None, details: str = "", to: str = ""
) -> str:
    """Ask a person, and return an id for `find_answer` without waiting. Idempotent for each account and key.

    `schema` is the JSON Schema of the answer, a text if it is left out; `details` is shown below the title; `to` is the
    person or the group to ask. Of a second call with the key nothing is read: the first question stands.
    Raises Problem.
    """
    words = {"title": title[:LONGEST_TITLE], "reason": details[:LONGEST_DETAILS], "to": to}
    return post_once(client, "questions", question_id_of(client, key), {**words, "schema": schema or TEXT})


def post_once(client: Client, path: str, project_id: str, body: Json) -> str:
    """Ask under this project's id unless it was asked before, and return the id. Raises Problem."""
    try:
        client.post(path, {"project_id": project_id, **body})
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


# -- approvals -------------------------------------------------------------------------------------
def request_approval(client: Client, title: str, *, key: str, seconds: float = float("inf"), **words: str) -> Decision:
    """Ask a person to approve, wait, and return the decision, which is true if they did. `words`: details, to.

    With the same key and words it is the same approval. Raises NotAnswered; ValueError if the words are too long to be
    shown; or TimeoutError after `seconds`, when the approval stays open and may be awaited again.
    """
    question_id = put_approval(client, title, key=key, **words)
    return decision_of(wait_for_answer(client, question_id, seconds=seconds))


def put_approval(client: Client, title: str, *, key: str, details: str = "", to: str = "") -> str:
    """Ask a person to approve, and return an id for `find_answer` without waiting. Idempotent for each account, key,
    title and details.

    Another person than the account decides, signed in to Interlock: no key can. Raises Problem, or ValueError if the
    words are too long to be shown in full.
    """
    require_shown_in_full(title, details)
    project_id = approval_id_of(client, key, title, details)
    return post_once(client, "approvals", project_id, {"title": title, "reason": details, "to": to})


def approval_id_of(client: Client, key: str, title: str, details: str) -> str:
    """Return the id of the approval with this key and these words."""
    digest = sha256(f"{title}\0{details}".encode()).hexdigest()
    return question_id_of(client, f"{key}\n{digest}")


def require_shown_in_full(title: str, details: str) -> None:
    """Raise ValueError if a person could not read all that they would approve."""
    for name, words, longest in (("title", title, LONGEST_TITLE), ("details", details, LONGEST_DETAILS)):
        if len(words) > longest:
            raise ValueError(
                f"The {name} of an approval may have {longest} characters, and this has {len(words)}: a person approves"
                " only what they can read in full. Make it shorter, or name where the whole can be read."
            )


def decision_of(answer: Answer) -> Decision:
    """Return the answer to an approval as a decision."""
    return Decision(answer.value["approved"] is True, answer.value.get("notes", ""), answer.answered_by)
