"""A template says who may approve an item's work, and how many have to."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.errors import ApprovalOpen, InvalidTemplate
from backlog.flow.orchestration import project_work
from backlog.models import Project
from backlog.selectors import item_in
from backlog.services import waive_criteria
from backlog.states import ItemState
from clarifications.errors import AlreadyApproved, ClarificationError, NotApprover, OwnApproval
from clarifications.models import Question, Vote
from clarifications.selectors import people_waited_for, question_in, waiting_questions
from clarifications.services import decline_question
from clarifications.votes import approvals_of
from events.models import Event
from tests.callers import Caller, account
from tests.flows import answer, completed, dispatch_of, item_of, on_the_log, opened, reply, step, tell, template
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

YES, NO = {"approved": True}, {"approved": False, "notes": "Split it by month."}
TWO_OF_FINANCE = step("only", approval="after", approvers={"groups": ["finance"], "needed": 2})


@pytest.fixture(autouse=True)
def finance(settings: Settings) -> Group:
    """The group: ann, bo and cy, who may answer; dan may answer too, and is not in it."""
    settings.EVENT_APPROVERS = ["elsewhere"]
    group = Group.objects.create(name="finance")
    for name in ("ann", "bo", "cy"):
        account(name, ANSWERER).groups.add(group)
    account("dan", ANSWERER)
    return group


def finished(*items: dict[str, Any], **changes: Any) -> Project:
    """A project whose only item is finished and waits for its approvals."""
    project = opened(*(items or [TWO_OF_FINANCE]), **changes)
    tell(completed(dispatch_of(project)))
    return project


def question() -> Question:
    """The one open question."""
    return Question.objects.get(status="OPEN")


def by_event(project: Project, by: str) -> dict[str, Any]:
    """An approval, as another program sends it."""
    about = {"project_id": str(project.pk), "backlog_item_id": str(item_of(project).pk)}
    sent = {"payload": about, "correlation_id": str(project.correlation_id), "event_id": None}
    return reply(sent, "HUMAN.APPROVAL_SUBMITTED", {"approved": True, "submitted_by": by})


def test_work_is_done_when_as_many_people_as_needed_have_approved_it() -> None:
    project = finished()
    answer(question(), YES, by="ann")
    run_to_rest()
    approvals = approvals_of(question())
    assert (approvals.by, approvals.can) == (("ann",), ("bo", "cy"))
    assert "1 of 2, by “ann”" in approvals.words
    assert item_of(project).state == ItemState.IN_PROGRESS
    with pytest.raises(AlreadyApproved):
        answer(question(), YES, by="ann")
    answer(question(), YES, by="bo")
    run_to_rest()
    assert item_of(project).state == ItemState.DONE
    voted = on_the_log("HUMAN.APPROVAL_SUBMITTED")
    assert [event["payload"]["submitted_by"] for event in voted] == ["ann", "bo"]
    assert Vote.objects.count() == 2
    assert violations() == []


def test_nobody_else_can_approve_or_reject_and_who_did_it_never() -> None:
    finished(requester="cy")
    for said in (YES, NO):
        with pytest.raises(NotApprover, match="“ann”, “bo”"):
            answer(question(), said, by="dan")
    with pytest.raises(OwnApproval):
        answer(question(), YES, by="cy")
    with pytest.raises(NotApprover):
        answer(question(), YES, by="nobody")
    refused = Caller(None)
    refused.client.force_login(User.objects.get(username="dan"))
    response = refused.post(f"approvals/{question().pk}/approve")
    assert (response.status_code, response.json()["type"]) == (403, "urn:interlock:problem:not-approver")
    with pytest.raises(NotApprover), project_work() as work:
        decline_question(work, question=question_in(work, question().pk), by="dan", reason="Not needed.")
    assert Vote.objects.count() == 0


def test_one_rejection_sends_the_work_back_and_the_next_approval_begins_without_votes() -> None:
    project = finished()
    answer(question(), YES, by="ann")
    answer(question(), NO, by="bo")
    run_to_rest()
    tell(completed(dispatch_of(project)))
    assert approvals_of(question()).by == ()
    answer(question(), YES, by="ann")
    assert item_of(project).state == ItemState.IN_PROGRESS
    answer(question(), YES, by="cy")
    assert item_of(project).state == ItemState.DONE


@pytest.mark.parametrize("leaves", [lambda who: who.groups.clear(), lambda who: setattr(who, "is_active", False)])
def test_the_vote_of_somebody_who_left_does_not_count(leaves: Callable[[User], Any], finance: Group) -> None:
    project = finished()
    answer(question(), YES, by="ann")
    ann = User.objects.get(username="ann")
    leaves(ann)
    ann.save()
    answer(question(), YES, by="bo")
    assert item_of(project).state == ItemState.IN_PROGRESS
    assert approvals_of(question()).by == ("bo",)
    answer(question(), YES, by="cy")
    assert item_of(project).state == ItemState.DONE


def test_a_second_approval_by_event_has_no_effect_also_in_one_batch() -> None:
    project = finished()
    twice = [by_event(project, "ann"), by_event(project, "ann")]
    tell(*twice)
    assert sorted(e.outcome for e in Event.objects.filter(event_id__in=[t["event_id"] for t in twice])) == [
        "",
        "ignored",
    ]
    assert item_of(project).state == ItemState.IN_PROGRESS
    tell(by_event(project, "bo"))
    assert item_of(project).state == ItemState.DONE
    assert violations() == []


def test_who_has_approved_is_not_waited_for_and_rest_says_what_is_missing() -> None:
    finished()
    ann, bo, dan = (User.objects.get(username=name) for name in ("ann", "bo", "dan"))
    assert not waiting_questions(dan).exists()
    Question.objects.update(assigned_to=ann)
    answer(question(), YES, by="ann")
    assert (waiting_questions(ann).count(), waiting_questions(bo).count()) == (0, 1)
    assert {person.username for person in people_waited_for(question())} == {"bo", "cy"}
    caller = Caller(None)
    caller.client.force_login(bo)
    shown = caller.get(f"questions/{question().pk}").json()
    assert shown["approvals"] == {"needed": 2, "groups": ["finance"], "by": ["ann"]}


def test_a_waiver_does_not_go_round_those_who_approve() -> None:
    needs_total = {"evidence": {"type": "object", "required": ["total"]}}
    project = opened({**TWO_OF_FINANCE, "done_when": needs_total, "max_attempts": 1})
    tell(completed(dispatch_of(project)))
    assert item_of(project).state == ItemState.FAILED
    with project_work() as work, pytest.raises(ApprovalOpen):
        waive_criteria(work, item_in(work, item_of(project).pk), reason="It is fine.", by="dan")


@pytest.mark.parametrize(
    ("approvers", "words"),
    [
        ({"groups": ["nobody"]}, "items/only/approvers: there is no group 'nobody'"),
        ({"groups": ["finance"], "needed": 4}, "together have 3 active members"),
        ({"needed": 10}, "less than or equal to 9"),
    ],
)
def test_a_template_whose_work_nobody_could_approve_is_refused(approvers: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidTemplate, match=words):
        template(step("only", approval="after", approvers=approvers))
    with pytest.raises(InvalidTemplate, match="asks for no approval"):
        template(step("only", approvers={"groups": ["finance"]}))


@pytest.mark.both
def test_votes_at_once_are_each_counted_once() -> None:
    project = finished()
    asked = question()

    def vote(name: str) -> str:
        """What comes of it: the status of the question, or the error."""
        try:
            return str(answer(asked, YES, by=name).status)
        except ClarificationError as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as at_once:
        came = sorted(at_once.map(vote, ["ann", "ann", "bo", "bo"]))
    assert came.count("OPEN") == came.count("ANSWERED") == 1
    assert set(came) <= {"OPEN", "ANSWERED", "AlreadyApproved", "AlreadyClosed"}
    run_to_rest()
    assert item_of(project).state == ItemState.DONE
    assert Vote.objects.count() == 2
    assert violations() == []
