"""What a worker misses is asked of a person once, and what they say is in its next dispatch."""

from typing import Any

import pytest

from backlog.states import ItemState
from clarifications.errors import InvalidAnswer
from clarifications.models import Question
from tests.asking import NEEDS_RATE, asked
from tests.flows import answer, completed, dispatch_of, item_of, on_the_log, opened, reply, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


def test_a_worker_that_misses_something_gets_it_in_its_next_dispatch(broker: None) -> None:
    project = opened()
    first = dispatch_of(project)
    field = {"type": "string", "title": "Which month?", "minLength": 3}
    needed = {"reason": "The rows name no month.", "fields": {"month": field}, "agent": "foreign_worker"}
    tell(reply(first, "WORK.ITEM_STARTED"), reply(first, "CLARIFICATION.NEEDED", needed))
    question = Question.objects.get()
    assert (question.title, question.asked_by) == ("Which month?", "foreign_worker")
    assert item_of(project).state == ItemState.BLOCKED
    answer(question, "March")
    run_to_rest()
    second = dispatch_of(project)
    assert second["event_id"] != first["event_id"]
    assert second["payload"]["work_context"]["month"] == "March"
    tell(completed(second))
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_a_worker_that_says_only_that_something_is_unclear_asks_for_a_text(broker: None) -> None:
    project = opened()
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": "I do not understand the request."}))
    question = Question.objects.get()
    assert question.field == "clarification"
    assert question.reason == "I do not understand the request."
    assert violations() == []


def test_a_worker_may_not_ask_by_a_schema_that_could_stop_the_system(broker: None) -> None:
    project = opened()
    needed = {"reason": "Which?", "fields": {"month": {"type": "string", "pattern": "^(a+)+$"}}}
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", needed))
    assert not Question.objects.exists()
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert violations(dead_letters=1) == []


def test_asking_again_is_a_new_revision_and_leaves_the_old_one_as_it_was(broker: None) -> None:
    question = asked()
    answer(question, 45)
    run_to_rest()
    needed = {"reason": "45 cannot be right.", "missing_fields": ["rate"]}
    tell(reply(dispatch_of(question.project), "CLARIFICATION.NEEDED", needed))
    first, second = Question.objects.order_by("revision")
    assert (first.pk, first.status, first.answer.value) == (question.pk, "ANSWERED", 45)
    assert (second.revision, second.status, second.title) == (2, "OPEN", "Hourly rate")
    answer(second, 46)
    run_to_rest()
    assert dispatch_of(question.project)["payload"]["work_context"]["rate"] == 46
    assert violations() == []


def test_the_same_field_missing_for_many_items_and_a_worker_asks_once(broker: None) -> None:
    project = opened(step("first"), step("second"), step("third", needs=NEEDS_RATE))
    for key in ("first", "second"):
        needed = {"reason": "It is needed.", "missing_fields": ["rate"]}
        tell(reply(dispatch_of(project, key), "CLARIFICATION.NEEDED", needed))
    question = Question.objects.get()
    assert question.blockings.count() == 3
    assert len(on_the_log("CLARIFICATION.QUESTION_ASKED")) == 1
    answer(question, 45)
    run_to_rest()
    assert {item.state for item in project.items.all()} == {ItemState.IN_PROGRESS}
    assert violations() == []


def test_an_answer_goes_where_its_schema_points(broker: None) -> None:
    days = {"type": "integer", "title": "Working days", "x_pointer": "/period/working_days"}
    project = opened(step("only"), work_context={"period": {"type": "month"}})
    needed = {"reason": "It is not said.", "fields": {"working_days": days}}
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", needed))
    answer(Question.objects.get(), 21)
    run_to_rest()
    assert dispatch_of(project)["payload"]["work_context"]["period"] == {"type": "month", "working_days": 21}
    assert violations() == []


@pytest.mark.parametrize(
    ("field", "fits", "unfit"),
    [
        ("rows", [{"text": "Match payments", "estimated_minutes": 90}], "Match payments, 90 minutes"),
        ("rows", [{"text": "Close the month"}], [{"task": "Close the month", "mins": 5}]),
        ("period", {"type": "week"}, "a week"),
        ("hourly_rate", 45, "45 euros"),
        ("request_text", "Where does our time go?", 7),
    ],
)
def test_a_known_field_is_asked_for_in_one_way_by_a_worker_that_says_nothing_of_it(
    broker: None, field: str, fits: Any, unfit: Any
) -> None:
    project = opened()
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": "Needed.", "missing_fields": [field]}))
    question = Question.objects.get()
    with pytest.raises(InvalidAnswer):
        answer(question, unfit)
    answer(question, fits)
    run_to_rest()
    kept = {**fits, "source": "answer"} if field == "period" else fits
    assert dispatch_of(project)["payload"]["work_context"][field] == kept
    assert violations() == []


def test_an_answer_that_no_dispatch_could_carry_is_refused_whoever_asked_for_it(broker: None) -> None:
    project = opened()
    fields = {"worklog": {"type": "string", "x_pointer": "/rows"}}
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": "Needed.", "fields": fields}))
    with pytest.raises(InvalidAnswer, match="No agent can work with this value for “Worklog”: Please give a list for"):
        answer(Question.objects.get(), "Match payments")
    assert item_of(project).state == ItemState.BLOCKED
