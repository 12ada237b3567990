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
from tests.asking import NEEDS_RATE, RATE, asked
from tests.callers import account
from tests.flows import answer, dispatch_of, envelope, item_of, opened, opened_by, put, request, step, tell
from tests.invariants import violations
from tests.system import GROUPS, group_server, run, run_to_rest, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

# At each of two doors.
RACERS = 25


@pytest.fixture(autouse=True)
def people() -> None:
    """Those who answer by event."""
    account("bob", ANSWERER)


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
