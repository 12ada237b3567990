"""What is missing is asked for before an item goes: inputs of its contract, a figure not said which, a request."""

from typing import Any

import pytest

from backlog.models import WorkContext
from backlog.states import ItemState
from clarifications.models import Question
from events.models import Event
from tests.flows import answer, completed, dispatch_of, item_of, opened, opened_by, request, step, tell, template
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]


def needs(**properties: dict[str, Any]) -> dict[str, Any]:
    """A contract that demands these fields."""
    return {"type": "object", "required": list(properties), "properties": properties}


def test_a_request_that_brings_all_that_is_needed_asks_nothing(broker: None) -> None:
    project = opened(step("only", needs=needs(rate={"type": "number"})), work_context={"rate": 45})
    assert not Question.objects.exists()
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert violations() == []


def test_a_question_is_worded_by_the_schema_of_its_field(broker: None) -> None:
    rate = {"type": "number", "title": "Hourly rate", "description": "Everything included.", "examples": [45]}
    opened(step("only", needs=needs(rate=rate)))
    question = Question.objects.get()
    assert (question.title, question.description, question.schema) == ("Hourly rate", "Everything included.", rate)
    asked = Event.objects.get(type="CLARIFICATION.QUESTION_ASKED").payload
    assert (asked["title"], asked["schema"], asked["revision"]) == ("Hourly rate", rate, 1)
    assert violations() == []


def test_a_value_that_the_contract_forbids_is_asked_for_again_with_the_reason(broker: None) -> None:
    project = opened(step("only", needs=needs(rate={"type": "number"})), work_context={"rate": "a lot"})
    question = Question.objects.get()
    assert "a lot" in question.reason
    assert item_of(project).state == ItemState.BLOCKED
    answer(question, 45)
    run_to_rest()
    assert dispatch_of(project)["payload"]["work_context"]["rate"] == 45
    assert violations() == []


@pytest.mark.parametrize("text", ["", "Help", "  a   b  "], ids=["empty", "one word", "blanks"])
def test_a_request_too_short_to_act_on_is_asked_about(broker: None, text: str) -> None:
    project = opened_by(request("audit", request_text=text, work_context={"hourly_rate": 45}))
    question = Question.objects.get()
    assert question.field == "request_text"
    assert item_of(project, "requirements").state == ItemState.BLOCKED
    answer(question, "Where does the finance team lose its time?")
    run_to_rest()
    told = dispatch_of(project, "requirements")["payload"]["work_context"]
    assert told["request_text"] == "Where does the finance team lose its time?"
    assert violations() == []


@pytest.mark.parametrize("text", ["Improve our KPI, please.", "Which key figures suffer?", "kpis are down again"])
def test_a_key_figure_named_without_saying_which_is_asked_about(broker: None, text: str) -> None:
    project = opened_by(request("audit", request_text=text, work_context={"hourly_rate": 45}))
    question = Question.objects.get()
    assert question.field == "kpi"
    answer(question, "Days from invoice to payment")
    run_to_rest()
    assert dispatch_of(project, "requirements")["payload"]["work_context"]["kpi"] == "Days from invoice to payment"
    assert violations() == []


@pytest.mark.parametrize(
    ("text", "known"),
    [("Improve our KPI, please.", {"kpi": "Days to payment"}), ("Our kpitan is slow today.", {})],
    ids=["said which", "only part of a word"],
)
def test_a_key_figure_that_is_known_or_not_named_is_not_asked_about(
    broker: None, text: str, known: dict[str, Any]
) -> None:
    opened_by(request("audit", request_text=text, work_context={"hourly_rate": 45, **known}))
    assert not Question.objects.exists()
    assert violations() == []


def test_an_item_whose_input_became_invalid_meanwhile_is_held_back_before_it_goes(broker: None) -> None:
    project = opened(
        step("first"),
        step("second", depends_on=["first"], needs=needs(rate={"type": "number"})),
        work_context={"rate": 45},
    )
    WorkContext.objects.filter(project=project).update(data={"rows": [], "request_text": "…", "rate": "gone"})
    tell(completed(dispatch_of(project, "first")))
    assert item_of(project, "second").state == ItemState.BLOCKED
    assert Question.objects.get().field == "rate"
    assert violations() == []


def test_every_missing_field_is_asked_at_intake_although_the_item_cannot_start_yet(broker: None) -> None:
    fields = {"rate": {"type": "number"}, "team": {"type": "string"}}
    opened_by(request(template(step("first"), step("second", depends_on=["first"], needs=needs(**fields)))))
    assert sorted(Question.objects.values_list("field", flat=True)) == ["rate", "team"]
    assert violations() == []
