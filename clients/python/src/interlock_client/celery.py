"""Celery: a task that waits for a person without holding a worker. Needs the extra `celery`.

While the question is open, the task ends and is sent again for later. Celery keeps the task's id over its retries, so
that the question's key is made of it. The task has to be bound (`bind=True`).
"""

from typing import Any, Never

import httpx
from celery import Task

from interlock_client.asking import Decision, decision_of, find_answer, put_approval, put_question
from interlock_client.client import Client, Problem
from interlock_client.effects import first_time, key_of_effect

__all__ = ["answer_or_retry", "decision_or_retry", "effect_key", "first_time"]

# Between two looks, growing. A broker like Redis gives a task out again that a worker has held for its visibility
# time-out, an hour by default: the longest wait stays far below.
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 300.0


def answer_or_retry(task: Task, client: Client, title: str, **question: Any) -> Any:
    """Return the answer's value; while there is none, send the task again for later. `question`: schema, details, to.

    A task that asks several questions gives each a `name`. Raises NotAnswered, or celery.exceptions.Retry.
    """
    key = f"celery:{task.request.id}:{question.pop('name', '')}"
    return found_or_retry(task, client, lambda: put_question(client, title, key=key, **question)).value


def decision_or_retry(task: Task, client: Client, title: str, **words: str) -> Decision:
    """Return the decision about an approval; while there is none, send the task again for later. `words`: details, to.

    Raises NotAnswered, ValueError if the words are too long, or celery.exceptions.Retry.
    """
    key = f"celery:{task.request.id}:{words.pop('name', '')}"
    return decision_of(found_or_retry(task, client, lambda: put_approval(client, title, key=key, **words)))


def found_or_retry(task: Task, client: Client, put: Any) -> Any:
    """Return the answer to what `put` asks, or send the task again: while it is open, and while Interlock is away."""
    try:
        answer = find_answer(client, put())
    except (httpx.TransportError, Problem) as error:
        if isinstance(error, Problem) and not error.may_pass:
            raise
        send_again(task)
    return answer or send_again(task)


def send_again(task: Task) -> Never:
    """Raise celery.exceptions.Retry, after the task was sent again for later: a person may take any time."""
    # Celery takes None for the task's own limit, and a task that waits for people has none.
    task.max_retries = None
    countdown = min(FIRST_WAIT_SECONDS * 1.5 ** min(task.request.retries, 50), LONGEST_WAIT_SECONDS)
    raise task.retry(countdown=countdown)


def effect_key(task: Task, name: str = "") -> str:
    """Return a key for the effect of the task: the same at each of its retries. Several effects get a name each."""
    return key_of_effect(str(task.request.id), name)
