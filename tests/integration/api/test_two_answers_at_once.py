"""Two callers answer one question at the same moment: one of them is heard, the other is told who was."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.roles import OPERATOR
from backlog.models import Item
from clarifications.models import Answer, Question
from events.models import Event
from tests.callers import Caller, machine
from tests.flows import opened, step

pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("broker"),
]

# Of one project: each round loads all its questions. ANSWER_ROUNDS=200 asks for the full profile.
ROUNDS = int(os.environ.get("ANSWER_ROUNDS", "30"))


def rate(name: str) -> dict[str, Any]:
    """What an item needs that asks for this rate."""
    return {"type": "object", "required": [name], "properties": {name: {"type": "number", "title": name}}}


@pytest.fixture
def two() -> Iterator[ThreadPoolExecutor]:
    """Two threads that keep their connections: to open one takes longer than to answer."""
    with ThreadPoolExecutor(2) as threads:
        yield threads
        on_both(threads, lambda: connection.close())


def on_both(threads: ThreadPoolExecutor, *calls: Callable[[], Any]) -> list[Any]:
    """What the calls return, made at the same moment, one a thread; a single one is made on both."""
    gate = threading.Barrier(2)

    def at_the_gate(call: Callable[[], Any]) -> Any:
        gate.wait(10)
        return call()

    begun = [threads.submit(at_the_gate, call) for call in (calls * 2)[:2]]
    return [one.result(30) for one in begun]


def answer_at_once(threads: ThreadPoolExecutor, callers: list[Caller], question: Question) -> list[Any]:
    """What both are answered."""
    address = f"questions/{question.pk}/answer"
    first, second = callers
    return on_both(threads, lambda: first.post(address, {"answer": 0}), lambda: second.post(address, {"answer": 1}))


@pytest.mark.timeout(300)
def test_of_two_answers_at_the_same_moment_one_stands_and_has_one_effect(
    settings: Any, two: ThreadPoolExecutor
) -> None:
    settings.API_REQUESTS_A_MINUTE = 10**6
    callers = [machine("ann", OPERATOR), machine("bob", OPERATOR)]
    opened(*(step(f"i{n}", needs=rate(f"rate_{n}")) for n in range(ROUNDS)))
    statuses: Counter[tuple[int, ...]] = Counter()
    for question in Question.objects.order_by("field"):
        answers = answer_at_once(two, callers, question)
        statuses[tuple(sorted(answer.status_code for answer in answers))] += 1
        [refused] = [answer.json() for answer in answers if answer.status_code == 409]
        assert refused["answered_by"] in ("ann", "bob")
    assert statuses == {(200, 409): ROUNDS}
    assert Answer.objects.count() == Event.objects.filter(type="USER.ANSWER_SUBMITTED").count() == ROUNDS
    assert Event.objects.filter(type="BACKLOG.ITEM_UNBLOCKED").count() == ROUNDS
    assert Counter(Item.objects.values_list("state", flat=True)) == {"IN_PROGRESS": ROUNDS}
