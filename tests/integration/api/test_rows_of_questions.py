"""A question is shown from its row alone, as the class that describes it for the OpenAPI document would show it."""

from typing import Any

import orjson
import pytest

from accounts.roles import OPERATOR
from api.question_rows import question_rows, shown_question, shown_questions
from api.questions import QuestionShown
from api.renderers import json_bytes
from clarifications.models import Question
from tests.api_seeds import seeded
from tests.callers import Caller, machine

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> Caller:
    """A machine that may do everything, with questions about its own requests."""
    bot = machine("bot", OPERATOR)
    seeded("bot", "rita", "carl", "ann")
    assigned, answered, *_ = Question.objects.filter(kind="input", status="OPEN")
    Question.objects.filter(pk=assigned.pk).update(assigned_to=bot.user)
    assert bot.post(f"questions/{answered.pk}/answer", {"answer": 45.5}).status_code == 200
    return bot


def described(question: Question) -> Any:
    """What the serializer makes of the question."""
    question.waiting_items = list(question.blockings.order_by("pk").values_list("item_id", flat=True))  # type: ignore[attr-defined]
    return orjson.loads(orjson.dumps(QuestionShown(question).data))


def test_every_question_is_shown_as_its_description_says(bot: Caller) -> None:
    questions = list(Question.objects.order_by("due_at", "id"))
    wanted = [described(question) for question in questions]
    assert {question["status"] for question in wanted} >= {"OPEN", "ANSWERED"}
    assert any(question["assigned_to"] for question in wanted)
    rows = question_rows(Question.objects.order_by("due_at", "id"))
    assert orjson.loads(json_bytes(shown_questions(rows))) == wanted
    assert [orjson.loads(json_bytes(shown_question(question.pk))) for question in questions] == wanted
    assert bot.get("questions").json()["results"] == wanted
    assert [bot.get(f"questions/{question.pk}").json() for question in questions] == wanted


def test_the_etag_of_an_answered_question_is_that_of_reading_it(bot: Caller) -> None:
    question = Question.objects.filter(kind="input", status="OPEN").first()
    assert question is not None
    answered = bot.post(f"questions/{question.pk}/answer", {"answer": 45})
    read = bot.get(f"questions/{question.pk}")
    assert (answered.status_code, answered["ETag"], answered.json()) == (200, read["ETag"], read.json())
