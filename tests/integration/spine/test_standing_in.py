"""What waits for somebody who is away reaches who stands in, who gets no right and no second vote by it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.absences.keeping import end_absence, set_absence
from accounts.audit import AuditRecord
from accounts.models import Absence, Organisation, User
from accounts.roles import ANSWERER, REQUESTER
from backlog.flow.orchestration import project_work
from backlog.models import Project
from chat.slack_messages import message_about
from chat.teams_cards import card_about
from clarifications.errors import AlreadyApproved, LinkNotAllowed, NotApprover, OwnApproval
from clarifications.mails.links import link_token, read_token
from clarifications.mails.notices import people_to_notify, send_due_notices
from clarifications.models import Answer, LedgerPosition, Question
from clarifications.selectors import (
    answerable_by,
    assigned_to_user,
    count_waiting_for,
    question_in,
    questions_for,
    waiting_questions,
)
from clarifications.services import decline_question
from clarifications.standing_in import holders_in_words
from devices.models import Device
from devices.telling import HAS_DEVICE
from tests.callers import Caller, account
from tests.flows import answer, completed, dispatch_of, envelope, opened, step, tell
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

YES = {"approved": True}
RATE = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number", "title": "Hourly rate"}}}
TWO_OF_FINANCE = step("only", approval="after", approvers={"groups": ["finance"], "needed": 2})
INBOX = "/admin/clarifications/question/"


def somebody(name: str, role: str = ANSWERER, **about: Any) -> User:
    """A person with an address and a device."""
    user = account(name, role, email=f"{name}@example.org", **about)
    Device.objects.create(owner=user, digest=name, endpoint=f"https://push.example.org/{name}")
    return user


@pytest.fixture(autouse=True)
def people(settings: Settings) -> dict[str, User]:
    """Those who answer; ann and cy are in finance."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    found = {name: somebody(name) for name in ("ann", "bob", "cy")}
    finance = Group.objects.create(name="finance")
    finance.user_set.add(found["ann"], found["cy"])
    return found


def away(who: User, stand_in: User) -> None:
    """Have this person be away today."""
    today = timezone.localdate()
    set_absence(who, stand_in=stand_in.username, first_day=today, last_day=today + timedelta(days=1), by=who)


def asked(**changes: Any) -> Question:
    """The open question about the rate, with these columns."""
    opened(step("only", needs=RATE))
    Question.objects.update(**changes)
    return Question.objects.get()


def held_approval(holder: User | None, item: dict[str, Any] = TWO_OF_FINANCE, **request: Any) -> Question:
    """The approval of finished work, assigned to this person."""
    project = opened(item, **request)
    tell(completed(dispatch_of(project)))
    Question.objects.filter(status="OPEN").update(assigned_to=holder)
    return Question.objects.get(status="OPEN")


def told(question: Question) -> list[str]:
    """Who is written to; the same people are told on their devices."""
    found = Question.objects.get(pk=question.pk)
    names = [user.username for user in people_to_notify(found)]
    assert [user.username for user in people_to_notify(found, HAS_DEVICE)] == names
    return names


def waits(question: Question, user: User) -> bool:
    """Whether the question is in this person's inbox; their number says the same."""
    is_there = waiting_questions(user).filter(pk=question.pk).exists()
    assert count_waiting_for(user) == int(is_there)
    return is_there


def test_a_question_of_theirs_reaches_the_stand_in_at_every_door_and_is_theirs_again(people: dict[str, User]) -> None:
    ann, bob = people["ann"], people["bob"]
    LedgerPosition.objects.create(reader="notices", seq=0)
    question = asked(assigned_to=ann)
    link = link_token(question, bob)
    assert (told(question), waits(question, bob)) == (["ann"], False)
    away(ann, bob)
    assert [message.to for message in mail.outbox] == [["ann@example.org"], ["bob@example.org"]]
    assert {message.subject for message in mail.outbox} == {"bob stands in for ann"}
    mail.outbox.clear()
    assert (told(question), waits(question, bob), waits(question, ann)) == (["bob"], True, True)
    send_due_notices()
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
    assert "You are asked for ann, who is away until" in str(mail.outbox[0].body)
    assert read_token(link)[1] == bob
    browser = Caller(bob)
    browser.client.force_login(bob)
    assert "for ann, who is away until" in browser.client.get(INBOX).content.decode()
    assert "for ann, who is away until" in browser.client.get(f"{INBOX}{question.pk}/change/").content.decode()
    for whose in ("mine", "waiting"):
        assert len(browser.get("questions", whose=whose).json()["results"]) == 1
    for message in (message_about(question), card_about(question)):
        assert "bob is asked for ann, who is away until" in str(message)
    end_absence(ann, by=ann)
    assert (told(question), waits(question, bob), waits(question, ann)) == (["ann"], False, True)
    with pytest.raises(LinkNotAllowed):
        read_token(link)
    assert Question.objects.get().assigned_to == ann


def test_a_question_of_their_group_reaches_the_stand_in_beside_the_others(people: dict[str, User]) -> None:
    question = asked(assigned_group="finance")
    assert told(question) == ["ann", "cy"]
    away(people["ann"], people["bob"])
    assert told(question) == ["bob", "cy"]
    assert waits(question, people["bob"])
    assert holders_in_words([question], people["bob"])[question.pk].startswith("for ann, who is away until")
    assert holders_in_words([question], people["cy"]) == {}


def test_the_person_is_told_where_the_stand_in_cannot_be_reached(people: dict[str, User]) -> None:
    question = asked(assigned_to=people["ann"])
    away(people["ann"], people["bob"])
    User.objects.filter(username="bob").update(gets_mails=False)
    assert (people_to_notify(question), people_to_notify(question, HAS_DEVICE)) == ([people["ann"]], [people["bob"]])


def test_the_question_of_a_requester_reaches_their_stand_in_if_they_may_answer(people: dict[str, User]) -> None:
    rita, remy = somebody("rita", REQUESTER), somebody("remy", REQUESTER)
    question = asked()
    Project.objects.update(owner=rita)
    assert told(question) == ["rita"]
    away(rita, remy)
    assert (told(question), waits(question, remy)) == (["rita"], False)
    away(rita, people["bob"])
    assert told(question) == ["bob"]
    end_absence(rita, by=rita)
    Question.objects.update(assigned_to=people["ann"])
    away(people["ann"], rita)  # who may see it, and not answer what is assigned to another person
    assert (told(question), waits(question, rita)) == (["ann"], False)
    assert not questions_for(rita).filter(assigned_to_user(rita)).exists()


def test_a_stand_in_gets_no_right(people: dict[str, User]) -> None:
    ann, bob = people["ann"], people["bob"]
    question = held_approval(ann)
    away(ann, bob)  # who is not in finance
    assert (told(question), waits(question, bob)) == (["ann"], False)
    with pytest.raises(NotApprover):
        answer(question, YES, by="bob")
    remy = somebody("remy", REQUESTER)
    away(ann, remy)
    assert (told(question), waits(question, remy)) == (["ann"], False)
    assert not answerable_by(remy).exists()
    Project.objects.update(owner=people["cy"])
    away(ann, people["cy"])  # whose own request it is
    assert (told(question), waits(question, people["cy"])) == (["ann"], False)
    with pytest.raises(OwnApproval):
        answer(question, YES, by="cy")
    zoe = somebody("zoe", organisation=Organisation.objects.create(name="Other", slug="other"))
    Absence.objects.update(stand_in=zoe)
    assert (told(question), waits(question, zoe)) == (["ann"], False)
    assert not AuditRecord.objects.filter(action="answered-for").exists()


def test_a_person_has_one_vote_whoever_they_stand_in_for(people: dict[str, User]) -> None:
    ann, cy = people["ann"], people["cy"]
    question = held_approval(ann)
    away(ann, cy)
    assert (told(question), waits(question, cy)) == (["cy"], True)
    answer(question, YES, by="cy")
    assert not waits(question, cy)
    Question.objects.update(assigned_to=ann)  # so that cy would be asked once more
    assert (told(question), waits(question, cy)) == (["ann"], False)
    with pytest.raises(AlreadyApproved):
        answer(question, YES, by="cy")
    assert Question.objects.get().status == "OPEN"
    answer(question, YES, by="ann")
    run_to_rest()
    assert (Question.objects.get().status, Answer.objects.get().answered_for) == ("ANSWERED", "")
    [record] = AuditRecord.objects.filter(action="answered-for")
    assert (record.actor, record.actor_id, record.target, record.target_id) == ("cy", cy.pk, "ann", ann.pk)
    assert violations() == []


def test_who_answered_and_for_whom_is_on_record_with_the_answer(people: dict[str, User]) -> None:
    ann, bob = people["ann"], people["bob"]
    question = asked(assigned_to=ann)
    away(ann, bob)
    answer(question, 45, by="cy")  # who stands in for nobody
    assert (Answer.objects.get().answered_for, AuditRecord.objects.filter(action="answered-for").count()) == ("", 0)
    question = held_approval(None, step("only", approval="after"))
    answer(question, YES, by="bob")  # it waits for anybody, and so for bob himself
    opened(step("only", needs=RATE))
    Question.objects.filter(status="OPEN").update(assigned_to=ann)
    found = Question.objects.get(status="OPEN")
    about = {"project_id": str(found.project_id), "question_id": str(found.pk), "answer": 45}
    tell(envelope("USER.ANSWER_SUBMITTED", {**about, "answered_by": "bob"}))
    assert [given.answered_for for given in Answer.objects.order_by("answered_at")] == ["", "", "ann"]
    [record] = AuditRecord.objects.filter(action="answered-for")
    assert (record.actor, record.target, str(found.pk) in record.details) == ("bob", "ann", True)
    browser = Client()
    browser.force_login(bob)
    shown = " ".join(browser.get(f"{INBOX}{found.pk}/change/").content.decode().split())
    assert "Answered by bob through event for ann, who was away" in shown
    assert violations() == []


def test_a_chain_leads_to_who_is_there_and_a_circle_back_to_the_person(people: dict[str, User]) -> None:
    ann, bob, cy = people["ann"], people["bob"], people["cy"]
    question = asked(assigned_to=ann)
    away(ann, bob)
    away(bob, cy)
    assert (told(question), waits(question, bob), waits(question, cy)) == (["cy"], False, True)
    away(cy, ann)
    assert (told(question), waits(question, bob), waits(question, cy)) == (["ann"], False, False)


@pytest.mark.parametrize("kind", [Question.Kind.INPUT, Question.Kind.APPROVAL])
@pytest.mark.parametrize("group", ["", "finance"])
@pytest.mark.parametrize("is_held", [True, False])
def test_the_inbox_and_the_mails_agree(people: dict[str, User], kind: str, group: str, is_held: bool) -> None:
    ann, bob, rita = people["ann"], people["bob"], somebody("rita", REQUESTER)
    away(ann, bob)
    now = timezone.now()
    project = Project.objects.create(template_id=first_template(), id=uuid4(), opened_at=now, owner=rita)
    about = {"field": "rate", "title": "Rate", "schema": {"type": "number"}, "pointer": "/rate", "asked_by": "x"}
    times = {"asked_at": now, "due_at": now, "next_step_at": now}
    held = {"kind": kind, "assigned_group": group, "assigned_to": ann if is_held else None}
    question = Question.objects.create(project=project, **about, **times, **held)
    assert waits(question, bob)
    Project.objects.update(owner=None)
    assert "bob" in told(question)


def first_template() -> int:
    """A template without approvers."""
    return opened(step("only")).template_id


def test_what_a_page_asks_does_not_grow_with_those_who_are_away(people: dict[str, User]) -> None:
    question, counts = asked(assigned_to=people["ann"]), []
    for number in range(8):
        away(account(f"away-{number}", ANSWERER), people["bob"])
        if number in (0, 1, 7):  # the first fills what is kept: rights, templates
            with CaptureQueriesContext(connection) as seen:
                assert not holders_in_words([question] * (number + 1), people["bob"])
                assert not waits(question, User.objects.get(pk=people["bob"].pk))
            counts.append(len(seen))
    assert counts[1] == counts[2] <= 15


def test_a_declined_question_says_for_whom_it_was_declined(people: dict[str, User]) -> None:
    question = asked(assigned_to=people["ann"])
    away(people["ann"], people["bob"])
    with project_work() as work:
        decline_question(work, question=question_in(work, question.pk), by="bob", reason="Not needed.")
    assert AuditRecord.objects.get(action="answered-for").target == "ann"
