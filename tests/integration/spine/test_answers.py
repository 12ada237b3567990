"""A question is answered once, by a valid answer, and what waited for it goes on."""

import threading
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.roles import ANSWERER
from backlog.models import Project
from backlog.states import ItemState, ProjectStatus
from clarifications.errors import AlreadyClosed, InvalidAnswer
from clarifications.models import Answer, Question
from events.models import DeadLetter, Event
from tests.callers import account
from tests.flows import (
    answer,
    completed,
    dispatch_of,
    envelope,
    item_of,
    on_the_log,
    opened,
    opened_by,
    put,
    reply,
    request,
    step,
    tell,
)
from tests.invariants import violations
from tests.system import GROUPS, group_server, run, run_to_rest, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

# At each of two doors.
RACERS = 25

RATE = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0, "maximum": 500}
NEEDS_RATE = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}


@pytest.fixture(autouse=True)
def people() -> None:
    """Those who answer by event."""
    account("bob", ANSWERER)


def asked(**changes: Any) -> Question:
    """The open question of a project whose only item lacks a rate."""
    opened(step("only", needs=NEEDS_RATE), **changes)
    return Question.objects.get()


def submitted(question: Question, value: Any, by: str = "bob", **changes: Any) -> dict[str, Any]:
    """USER.ANSWER_SUBMITTED, as a foreign producer writes it."""
    said = {"project_id": str(question.project_id), "question_id": str(question.pk), "answer": value}
    return envelope("USER.ANSWER_SUBMITTED", {**said, "answered_by": by}, **changes)


def test_an_answer_lets_its_item_go_on_with_the_value_in_the_dispatch(broker: None) -> None:
    question = asked()
    assert question.project.status == ProjectStatus.WAITING
    answer(question, 45)
    run_to_rest()
    dispatch = dispatch_of(question.project)
    assert dispatch["payload"]["work_context"]["rate"] == 45
    assert item_of(question.project).state == ItemState.IN_PROGRESS
    assert Project.objects.get().status == ProjectStatus.OPEN
    assert violations() == []


def test_an_answer_that_comes_as_an_event_takes_the_same_way(broker: None) -> None:
    question = asked()
    tell(submitted(question, 45))
    assert dispatch_of(question.project)["payload"]["work_context"]["rate"] == 45
    accepted = Answer.objects.get()
    assert (accepted.value, accepted.answered_by, accepted.door) == (45, "bob", "event")
    assert violations() == []


@pytest.mark.parametrize("door", ["admin", "rest", "command"])
def test_an_answer_is_kept_with_who_said_it_when_and_through_which_door(broker: None, door: str) -> None:
    question = asked(requester="cleo")
    answer(question, 45, by="ann", door=door)
    run_to_rest()
    context = question.project.context
    said = context.provenance["rate"]
    accepted = Answer.objects.get()
    assert said == {
        "by": "ann",
        "door": door,
        "at": accepted.answered_at.isoformat(),
        "question_id": str(question.pk),
    }
    assert context.provenance["request_text"]["by"] == "cleo"
    assert violations() == []


def test_an_answer_from_a_door_of_ours_is_on_record_as_the_event_that_caused_the_rest(broker: None) -> None:
    question = asked()
    answer(question, 45)
    run_to_rest()
    said = Event.objects.get(type="USER.ANSWER_SUBMITTED")
    provided = Event.objects.get(type="CLARIFICATION.ANSWER_PROVIDED")
    assert Answer.objects.get().event_id == said.event_id
    assert provided.causation_id == said.event_id
    assert provided.payload["unblocked_items"] == [str(item_of(question.project).pk)]
    assert violations() == []


def test_a_second_answer_is_refused_and_names_the_winner(broker: None) -> None:
    question = asked()
    answer(question, 45, by="ann")
    with pytest.raises(AlreadyClosed, match="answered by ann with 45"):
        answer(question, 46, by="bob")
    run_to_rest()
    assert Answer.objects.get().value == 45
    assert violations() == []


def test_a_second_answer_that_comes_as_an_event_is_recorded_and_ignored(broker: None) -> None:
    question = asked()
    first, second = submitted(question, 45), submitted(question, 46)
    tell(first, second)
    assert Answer.objects.get().value == 45
    assert Event.objects.get(event_id=second["event_id"]).outcome == "ignored"
    assert violations() == []


@pytest.mark.both
def test_the_database_refuses_a_second_answer_to_a_question(broker: None) -> None:
    question = asked()
    said = {"answered_by": "ann", "door": "rest", "answered_at": timezone.now(), "event_id": uuid4()}
    Answer.objects.create(question=question, value=45, **said)
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.bulk_create([Answer(question=question, value=46, **said)])
    assert Answer.objects.get().value == 45


@pytest.mark.both
def test_the_database_refuses_a_second_open_question_about_a_field(broker: None) -> None:
    question = asked()
    question.pk, question.revision = uuid4(), 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.bulk_create([question])


@pytest.mark.both
def test_of_many_answers_at_once_through_every_door_one_wins(broker: None) -> None:
    question = asked()
    refused: list[BaseException] = []
    racers = [
        threading.Thread(target=run, args=(partial(answer, question, n, by=f"p{n}"), refused))
        for n in range(1, 1 + RACERS)
    ]
    with serving(*(group_server(group) for group in GROUPS)):
        put(*(submitted(question, 1000 + n) for n in range(RACERS)))
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        wait_until(lambda: not violations())
    winner = Answer.objects.get()
    from_here = winner.door == "rest"
    assert [type(error) for error in refused] == [AlreadyClosed] * (RACERS - 1 if from_here else RACERS)
    ignored = Event.objects.filter(type="USER.ANSWER_SUBMITTED", outcome="ignored").count()
    assert ignored == (RACERS if from_here else RACERS - 1)
    assert Event.objects.filter(type="CLARIFICATION.ANSWER_PROVIDED").count() == 1
    assert dispatch_of(question.project)["payload"]["work_context"]["rate"] == winner.value
    assert item_of(question.project).attempts == 1


def test_one_answer_frees_every_item_that_waited_for_it(broker: None) -> None:
    project = opened(*(step(key, needs=NEEDS_RATE) for key in ("a", "b", "c")), step("d"))
    question = Question.objects.get()
    assert Project.objects.get().status == ProjectStatus.WAITING
    assert question.blockings.count() == 3
    answer(question, 45)
    run_to_rest()
    assert {item.state for item in project.items.all()} == {ItemState.IN_PROGRESS}
    assert Event.objects.filter(type="BACKLOG.ITEM_UNBLOCKED").count() == 3
    assert violations() == []


def test_the_audit_asks_once_for_the_rate_that_two_of_its_items_need(broker: None) -> None:
    project = opened_by(request("audit"))
    question = Question.objects.get()
    held = question.blockings.order_by("item__position").values_list("item__key", flat=True)
    assert (question.field, list(held)) == ("hourly_rate", ["cost", "scenario"])
    assert item_of(project, "requirements").state == ItemState.IN_PROGRESS
    answer(question, 45)
    run_to_rest()
    assert item_of(project, "cost").state == item_of(project, "scenario").state == ItemState.READY
    assert (item_of(project, "cost").waiting_on, item_of(project, "scenario").waiting_on) == (1, 3)
    assert violations() == []


def test_an_item_with_two_open_questions_waits_for_both(broker: None) -> None:
    needs = {"type": "object", "required": ["rate", "team"], "properties": {"rate": RATE, "team": {"type": "string"}}}
    project = opened(step("only", needs=needs))
    questions = {question.field: question for question in Question.objects.all()}
    answer(questions["rate"], 45)
    assert item_of(project).state == ItemState.BLOCKED
    assert not Event.objects.filter(type="BACKLOG.ITEM_UNBLOCKED").exists()
    answer(questions["team"], "Accounts")
    run_to_rest()
    context = dispatch_of(project)["payload"]["work_context"]
    assert (context["rate"], context["team"]) == (45, "Accounts")
    assert violations() == []


@pytest.mark.parametrize("value", [0, -3, 501, "45", None, [45], {"rate": 45}, True], ids=repr)
def test_an_invalid_answer_is_refused_and_leaves_the_question_open(broker: None, value: Any) -> None:
    question = asked()
    with pytest.raises(InvalidAnswer):
        answer(question, value)
    assert Question.objects.get().status == "OPEN"
    assert not Answer.objects.exists()
    assert "rate" not in question.project.context.data
    run_to_rest()
    assert violations() == []


def test_an_invalid_answer_event_is_one_dead_letter_and_a_valid_one_still_counts(broker: None) -> None:
    question = asked()
    tell(submitted(question, "a lot"))
    assert DeadLetter.objects.get().error_class == "InvalidAnswer"
    assert Question.objects.get().status == "OPEN"
    tell(submitted(question, 45))
    assert Answer.objects.get().value == 45
    assert violations(dead_letters=1) == []


def test_an_invalid_answer_says_where_it_is_wrong(broker: None) -> None:
    team = {"type": "object", "properties": {"size": {"type": "integer"}}}
    opened(step("only", needs={"type": "object", "required": ["team"], "properties": {"team": team}}))
    with pytest.raises(InvalidAnswer) as refusal:
        answer(Question.objects.get(), {"size": "many"})
    assert [pointer for pointer, _ in refusal.value.extra["problems"]] == ["/size"]


def test_an_answer_is_held_against_the_contract_of_every_item_that_waits_for_it(broker: None) -> None:
    strict = {**NEEDS_RATE, "properties": {"rate": {**RATE, "maximum": 50}}}
    opened(step("lax", needs=NEEDS_RATE), step("strict", needs=strict))
    question = Question.objects.get()
    with pytest.raises(InvalidAnswer, match="Strict"):
        answer(question, 60)
    answer(question, 40)
    run_to_rest()
    assert violations() == []


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


def test_answers_that_together_are_larger_than_an_event_are_refused_in_words(broker: None) -> None:
    text = {"type": "string", "maxLength": 400_000}
    needs = {"type": "object", "required": ["one", "two"], "properties": {"one": text, "two": text}}
    project = opened(step("only", needs=needs))
    first, second = Question.objects.filter(project=project).order_by("field")
    answer(first, "x" * 300_000)
    with pytest.raises(InvalidAnswer, match="Together with the earlier answers, this answer is too large"):
        answer(second, "x" * 300_000)
    answer(second, "x" * 200_000)
    assert item_of(project).state == ItemState.IN_PROGRESS
