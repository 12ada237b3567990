"""Silence has a policy: remind, escalate to the next group, then default, decline, fail, or go on waiting."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models import F
from pytest_django import Settings

from backlog.models import Project
from backlog.states import ItemState, ProjectStatus
from clarifications import silence
from clarifications.errors import AlreadyClosed
from clarifications.models import Answer, Question
from events.models import Event
from tests.flows import answer, dispatch_of, item_of, on_the_log, opened, step
from tests.invariants import violations
from tests.system import GROUPS, group_server, run_to_rest, serving
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]

RATE = {"type": "number", "title": "Hourly rate", "default": 40}


def asked(field: dict[str, Any] = RATE, **policy: Any) -> Project:
    """A project that waits for a rate, with another item that does not."""
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": field}}
    return opened(
        step("only", needs=needs),
        step("next", depends_on=["only"]),
        step("other"),
        silence={"due_seconds": 100, **policy},
    )


def after(seconds: int) -> None:
    """Act on the silence as it is so many seconds later."""
    earlier = timedelta(seconds=seconds)
    moved = {name: F(name) - earlier for name in ("asked_at", "due_at", "next_step_at")}
    Question.objects.filter(status="OPEN").update(**moved)
    silence.act_on_silence()
    run_to_rest()


def test_nothing_happens_before_it_is_time(broker: None) -> None:
    asked(remind_every_seconds=40, then="fail")
    after(30)
    question = Question.objects.get()
    assert (question.status, question.reminders, question.level) == ("OPEN", 0, 0)
    assert violations() == []


def test_reminders_are_counted_until_the_question_is_due(broker: None) -> None:
    asked(remind_every_seconds=40)
    for reminders in (1, 2):
        after(41)
        assert Question.objects.get().reminders == reminders
    after(41)
    assert Question.objects.get().reminders == 2
    said = [event["payload"]["reminders"] for event in on_the_log("CLARIFICATION.QUESTION_REMINDED")]
    assert said == [1, 2]
    assert violations() == []


def test_a_question_is_escalated_to_each_group_in_turn_with_as_much_time_again(broker: None) -> None:
    Group.objects.bulk_create([Group(name="supervisors"), Group(name="directors")])
    asked(escalate_to=["supervisors", "directors"], then="fail")
    for level, group in enumerate(("supervisors", "directors"), start=1):
        after(101)
        question = Question.objects.get()
        assert (question.level, question.assigned_group, question.status) == (level, group, "OPEN")
    said = [event["payload"]["group"] for event in on_the_log("CLARIFICATION.QUESTION_ESCALATED")]
    assert said == ["supervisors", "directors"]
    after(101)
    assert Question.objects.get().status == "EXPIRED"
    assert violations() == []


def test_the_default_is_taken_and_recorded_as_done_by_the_system(broker: None) -> None:
    project = asked(then="default")
    after(101)
    accepted = Answer.objects.get()
    assert (accepted.value, accepted.answered_by, accepted.door) == (40, "silence policy", "policy")
    assert dispatch_of(project)["payload"]["work_context"]["rate"] == 40
    assert project.context.provenance["rate"]["by"] == "silence policy"
    assert Event.objects.get(type="CLARIFICATION.QUESTION_EXPIRED").payload["policy"] == "default"
    assert violations() == []


def test_without_a_default_the_question_goes_on_waiting(broker: None) -> None:
    asked({"type": "number"}, then="default")
    after(101)
    question = Question.objects.get()
    assert question.status == "OPEN"
    assert not Event.objects.filter(type="CLARIFICATION.QUESTION_EXPIRED").exists()
    answer(question, 45)
    run_to_rest()
    assert violations() == []


def test_a_default_that_its_own_schema_forbids_is_declined(broker: None) -> None:
    asked({"type": "number", "default": "forty"}, then="default")
    after(101)
    assert Question.objects.get().status == "DECLINED"
    assert not Answer.objects.exists()
    assert violations() == []


def test_declining_cancels_what_needs_the_answer_and_lets_the_rest_go_on(broker: None) -> None:
    project = asked(then="decline")
    after(101)
    states = {key: item_of(project, key).state for key in ("only", "next", "other")}
    assert states == {"only": ItemState.CANCELLED, "next": ItemState.CANCELLED, "other": ItemState.IN_PROGRESS}
    assert Question.objects.get().status == "DECLINED"
    assert Project.objects.get().status == ProjectStatus.OPEN
    assert violations() == []


def test_failing_ends_the_project_with_the_reason(broker: None) -> None:
    project = asked(then="fail")
    after(101)
    assert Question.objects.get().status == "EXPIRED"
    ended = Project.objects.get()
    assert (ended.status, "Hourly rate" in ended.reason) == (ProjectStatus.FAILED, True)
    assert {item.state for item in project.items.all()} == {ItemState.CANCELLED}
    assert len(on_the_log("PROJECT.FAILED")) == 1
    assert violations() == []


def test_an_answer_after_the_end_is_refused(broker: None) -> None:
    asked(then="fail")
    after(101)
    with pytest.raises(AlreadyClosed):
        answer(Question.objects.get(), 45)
    assert violations() == []


def test_waiting_goes_on_for_ever_without_a_policy(broker: None) -> None:
    asked()
    for _ in range(3):
        after(101)
    assert Question.objects.get().status == "OPEN"
    answer(Question.objects.get(), 45)
    run_to_rest()
    assert violations() == []


def test_an_answer_in_time_ends_the_waiting(broker: None) -> None:
    asked(then="fail", remind_every_seconds=40)
    after(60)
    answer(Question.objects.get(), 45)
    after(101)
    assert Project.objects.get().status == ProjectStatus.OPEN
    assert Question.objects.get().status == "ANSWERED"
    assert violations() == []


def test_a_running_system_acts_on_silence_by_itself(broker: None, settings: Settings) -> None:
    asked(due_seconds=1, then="default")
    with serving(*(group_server(group) for group in GROUPS)):
        wait_until(lambda: Answer.objects.filter(door="policy").exists())
        wait_until(lambda: not violations())
