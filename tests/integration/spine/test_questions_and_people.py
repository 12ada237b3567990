"""A question always waits for somebody, and what was declined is on record with who and why."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.roles import ANSWERER, REQUESTER
from backlog.blueprints import shipped_definitions
from backlog.errors import InvalidTemplate
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.states import ItemState, ProjectStatus
from clarifications.mails import notices
from clarifications.models import Answer, Question
from clarifications.selectors import answerable_by, question_in, waiting_questions
from clarifications.services import decline_question
from tests.callers import account, group
from tests.flows import answer, completed, dispatch_of, item_of, on_the_log, opened, step, tell, template
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

RATE = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": ["number", "null"], "title": "Rate"}}}


def asked(**changes: Any) -> Question:
    """An open question about rita's own request, changed as the test needs it."""
    project = opened(step("only", needs=RATE), requester="rita")
    Question.objects.filter(project=project).update(**changes)
    return Question.objects.get(project=project)


def decline(question: Question, *, by: str = "ann", reason: str = "Nobody keeps it.") -> None:
    """What staff do on its page."""
    with project_work() as work:
        decline_question(work, question=question_in(work, question.pk), by=by, reason=reason)
    run_to_rest()


# -- somebody is always there ----------------------------------------------------------------------
@pytest.mark.parametrize("escalate_to", [["supervisors"], ["operator", "nobody here"]])
def test_a_template_that_escalates_to_an_unknown_group_is_refused(escalate_to: list[str]) -> None:
    group("operator")
    with pytest.raises(InvalidTemplate, match="there is no group"):
        template(step("only"), silence={"escalate_to": escalate_to})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"items": [step("only", done_when={"checks": ["looks_good"]})]}, "no check is called 'looks_good'"),
        ({"figures": [{"field": "kpi", "mentioned_as": ["kpi"], "blocks": "other", "ask": {}}]}, "no item 'other'"),
    ],
)
def test_a_template_that_names_what_is_not_there_is_refused(changes: dict[str, Any], named: str) -> None:
    items = changes.pop("items", [step("only")])
    with pytest.raises(InvalidTemplate, match=named):
        template(*items, **changes)


def test_the_shipped_templates_escalate_to_roles_that_exist() -> None:
    from accounts.roles import ROLES

    named = {name for each in shipped_definitions() for name in each.get("silence", {}).get("escalate_to", [])}
    assert named <= set(ROLES)


def nobody_in(name: str) -> None:
    """The group is there, and nobody in it."""
    Group.objects.get_or_create(name=name)


def only_who_left(name: str) -> None:
    """The group has one member, who has left."""
    account("leo", ANSWERER, is_active=False).groups.add(Group.objects.get_or_create(name=name)[0])


def only_who_may_not_answer(name: str) -> None:
    """The group has one member, who may answer nothing of others."""
    account("rob", REQUESTER).groups.add(Group.objects.get_or_create(name=name)[0])


@pytest.mark.parametrize(
    "made", [lambda name: None, nobody_in, only_who_left, only_who_may_not_answer],
    ids=["no such group", "empty", "left", "not entitled"],
)  # fmt: skip
def test_a_question_of_a_group_without_anybody_waits_for_whoever_may_answer(made: Callable[[str], None]) -> None:
    made("finance")
    ann, rita = account("ann", ANSWERER), account("rita", REQUESTER)
    question = asked(assigned_group="finance")
    assert list(waiting_questions(ann)) == [question]
    assert list(answerable_by(rita)) == [question]


def test_a_question_of_a_group_with_somebody_waits_for_that_group() -> None:
    fay, ann, rita = account("fay", ANSWERER), account("ann", ANSWERER), account("rita", REQUESTER)
    fay.groups.add(Group.objects.create(name="finance"))
    question = asked(assigned_group="finance")
    assert list(waiting_questions(fay)) == [question]
    assert list(waiting_questions(ann)) == []
    assert list(answerable_by(rita)) == []


def test_a_question_whose_holder_left_waits_for_whoever_may_answer() -> None:
    holder, ann = account("leo", ANSWERER), account("ann", ANSWERER)
    question = asked(assigned_to=holder)
    assert list(waiting_questions(ann)) == []
    User.objects.filter(pk=holder.pk).update(is_active=False)
    assert list(waiting_questions(ann)) == [question]


@pytest.mark.parametrize("lost", ["the role", "to a machine"])
def test_a_question_whose_holder_may_not_answer_any_more_waits_for_whoever_may(lost: str) -> None:
    holder, ann = account("leo", ANSWERER), account("ann", ANSWERER)
    question = asked(assigned_to=holder)
    if lost == "the role":
        holder.groups.clear()
    else:
        User.objects.filter(pk=holder.pk).update(is_service=True)
    assert list(waiting_questions(ann)) == [question]


def test_a_question_that_waits_for_who_asked_for_the_work_waits_for_nobody_else() -> None:
    rita, ann = account("rita", REQUESTER), account("ann", ANSWERER)
    question = asked(assigned_to=rita)
    assert list(waiting_questions(ann)) == []
    assert list(waiting_questions(rita)) == [question]


def test_who_answers_for_a_living_is_written_to_where_the_group_is_empty(settings: Settings) -> None:
    settings.SENDS_MAIL = True
    ann = account("ann", ANSWERER, email="ann@example.org")
    question = asked(assigned_group="finance")
    assert notices.people_to_notify(question) == [ann]


# -- declined --------------------------------------------------------------------------------------
def held_for_approval() -> Project:
    """A project whose finished work waits for its approval."""
    project = opened(step("only", approval="after"), step("next", depends_on=["only"]))
    tell(completed(dispatch_of(project)))
    return project


def test_a_declined_approval_of_finished_work_cancels_it_and_what_depends_on_it() -> None:
    project = held_for_approval()
    decline(Question.objects.get())
    assert [item_of(project, key).state for key in ("only", "next")] == [ItemState.CANCELLED] * 2
    assert Project.objects.get().status == ProjectStatus.CANCELLED
    assert violations() == []


def test_a_declined_approval_before_the_start_cancels_the_item() -> None:
    project = opened(step("only", approval="before"))
    decline(Question.objects.get())
    assert item_of(project).state == ItemState.CANCELLED
    assert violations() == []


def test_who_declined_and_why_is_on_record_and_in_the_ledger() -> None:
    question = asked()
    decline(question, by="ann", reason="Nobody keeps it.")
    question.refresh_from_db(fields=["declined_by", "declined_because"])
    assert (question.declined_by, question.declined_because) == ("ann", "Nobody keeps it.")
    (said,) = on_the_log("CLARIFICATION.QUESTION_DECLINED")
    assert (said["payload"]["declined_by"], said["payload"]["reason"]) == ("ann", "Nobody keeps it.")
    assert said["payload"]["cancelled_items"] == [str(item_of(question.project).pk)]


# -- null ------------------------------------------------------------------------------------------
def test_null_is_an_answer_where_the_question_allows_it() -> None:
    question = asked()
    answer(question, None)
    run_to_rest()
    assert Answer.objects.get().value is None
    assert item_of(question.project).state == ItemState.IN_PROGRESS
    assert timezone.now() >= Answer.objects.get().answered_at
    assert violations() == []
