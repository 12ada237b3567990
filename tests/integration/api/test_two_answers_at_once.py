"""Two callers answer one question at the same moment: one of them is heard, the other is told who was."""

import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from accounts.roles import OPERATOR
from backlog.models import Item
from clarifications.models import Answer, Question
from events.models import Event
from tests.callers import Caller, machine
from tests.flows import opened, step

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

# SQLite has one writer at a time, so that a few rounds tell as much there.
ROUNDS = 200 if connection.vendor == "postgresql" else 40


def rate(name: str) -> dict[str, Any]:
    """What an item needs that asks for this rate."""
    return {"type": "object", "required": [name], "properties": {name: {"type": "number", "title": name}}}


def at_once(callers: list[Caller], question: Question) -> list[Any]:
    """What both are answered."""
    gate, answers = threading.Barrier(len(callers)), []

    def press(caller: Caller, value: int) -> None:
        try:
            gate.wait(10)
            answers.append(caller.post(f"questions/{question.pk}/answer", {"answer": value}))
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(caller, n)) for n, caller in enumerate(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


@pytest.mark.timeout(300)
def test_of_two_answers_at_the_same_moment_one_stands_and_has_one_effect(settings: Any) -> None:
    settings.API_REQUESTS_A_MINUTE = 10**6
    callers = [machine("ann", OPERATOR), machine("bob", OPERATOR)]
    opened(*(step(f"i{n}", needs=rate(f"rate_{n}")) for n in range(ROUNDS)))
    statuses: Counter[tuple[int, ...]] = Counter()
    for question in Question.objects.order_by("field"):
        answers = at_once(callers, question)
        statuses[tuple(sorted(answer.status_code for answer in answers))] += 1
        [refused] = [answer.json() for answer in answers if answer.status_code == 409]
        assert refused["answered_by"] in ("ann", "bob")
    assert statuses == {(200, 409): ROUNDS}
    assert Answer.objects.count() == Event.objects.filter(type="USER.ANSWER_SUBMITTED").count() == ROUNDS
    assert Event.objects.filter(type="BACKLOG.ITEM_UNBLOCKED").count() == ROUNDS
    assert Counter(Item.objects.values_list("state", flat=True)) == {"IN_PROGRESS": ROUNDS}
