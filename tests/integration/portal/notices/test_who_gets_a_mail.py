"""Those to whom a question waits get the mail about it, up to a bound, and nobody else."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import ANSWERER
from backlog.flow.orchestration import project_work
from backlog.models import Project
from clarifications.assignment import claim_question, release_question
from clarifications.mails import notices
from clarifications.mails.links import waits_for_person
from clarifications.mails.notices import send_due_notices
from clarifications.models import Notice, Question
from clarifications.selectors import people_waited_for, question_in
from tests.flows import step, template
from tests.notified import RATE, hand, readers, silent, someone

pytestmark = pytest.mark.django_db
Opened = Callable[..., Project]


def test_a_question_of_a_requester_without_an_address_goes_to_those_who_answer(rita: User, rate: Question) -> None:
    User.objects.update(email="")
    someone("ann", ANSWERER)
    someone("bob", ANSWERER, is_active=False)
    send_due_notices()
    assert readers() == ["ann"]


def test_an_approval_never_goes_to_who_asked_for_the_work(opened: Opened, rita: User) -> None:
    someone("ann", ANSWERER)
    rita.groups.set(Group.objects.filter(name=ANSWERER))
    opened(template(step("only", approval="before")))
    send_due_notices()
    assert readers() == ["ann"]


def test_who_is_handed_a_question_gets_a_mail_and_who_handed_it_none(rita: User, rate: Question) -> None:
    ann = someone("ann", ANSWERER)
    someone("bob", ANSWERER)
    send_due_notices()
    hand(rate, "bob", by=ann)
    send_due_notices()
    with project_work() as work:
        release_question(work, question=question_in(work, rate.pk), by=ann)
    send_due_notices()
    with project_work() as work:
        claim_question(work, question=question_in(work, rate.pk), by=ann)
    send_due_notices()
    assert readers() == ["rita", "bob", "rita"]


def test_each_member_of_a_group_gets_a_mail_up_to_a_bound(
    rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_RECIPIENTS", 2)
    people = [someone(name, ANSWERER) for name in ("ann", "bob", "cid")]
    hand(rate, ANSWERER, by=rita)
    send_due_notices()
    assert readers() == [user.username for user in people[:2]] * 2  # it was asked, and handed over


def test_those_who_cannot_be_written_to_take_nobodys_place_below_the_bound(
    rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_RECIPIENTS", 2)
    someone("ann", ANSWERER, is_active=False)
    User.objects.filter(pk=someone("bob", ANSWERER).pk).update(email="")
    people = [someone(name, ANSWERER) for name in ("cid", "dan", "eve")]
    Question.objects.filter(pk=rate.pk).update(assigned_group=ANSWERER)
    assert notices.people_to_notify(Question.objects.get(pk=rate.pk)) == people[:2]


def test_a_question_that_is_escalated_goes_to_the_next_group(opened: Opened, rita: User) -> None:
    someone("ann", ANSWERER)
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}
    opened(template(step("only", needs=needs), silence={"due_seconds": 100, "escalate_to": [ANSWERER]}))
    send_due_notices()
    silent(seconds=101)
    send_due_notices()
    assert readers() == ["rita", "ann"]


def test_a_reminder_is_a_mail_too(rita: User, rate: Question) -> None:
    send_due_notices()
    silent(seconds=41)
    send_due_notices()
    told = Notice.objects.order_by("pk").values_list("event__type", flat=True)
    assert list(told) == ["CLARIFICATION.QUESTION_ASKED", "CLARIFICATION.QUESTION_REMINDED"]
    assert readers() == ["rita", "rita"]


def test_who_is_written_to_is_found_in_as_many_questions_for_60_people_as_for_one(rita: User, rate: Question) -> None:
    counts = []
    User.objects.filter(pk=rita.pk).update(email="")
    for number in range(60):
        someone(f"reader-{number}", ANSWERER)
        if number in (0, 59):
            with CaptureQueriesContext(connection) as seen:
                found = notices.people_to_notify(Question.objects.get(pk=rate.pk))
            assert len(found) == min(number + 1, 50)
            counts.append(len(seen))
    assert counts[0] == counts[1] < 12


HOLDERS = ["nobody", "rita", "ann", "leo", "bot", "gone"]
GROUPS = ["", "desk", "empty"]


@pytest.mark.parametrize("kind", [Question.Kind.INPUT, Question.Kind.APPROVAL])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_those_written_to_are_those_for_whom_it_waits(
    rita: User, rate: Question, kind: str, group: str, holder: str
) -> None:
    people = {name: someone(name, ANSWERER) for name in ("ann", "leo", "olga")}
    people |= {"remy": someone("remy"), "rita": rita}
    people["bot"] = someone("bot", ANSWERER, is_service=True)
    people["gone"] = someone("gone", ANSWERER, is_active=False)
    people["leo"].groups.add(Group.objects.create(name="desk"))
    Group.objects.create(name="empty")
    held_by = people.get(holder)
    Question.objects.filter(pk=rate.pk).update(kind=kind, assigned_group=group, assigned_to=held_by)
    question = Question.objects.get(pk=rate.pk)
    waits = {name for name, user in people.items() if waits_for_person(question, User.objects.get(pk=user.pk))}
    waits -= {"bot"}  # a machine reads no mails
    assert {user.username for user in people_waited_for(question)} == waits
