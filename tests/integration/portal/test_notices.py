"""Mails to whom a question waits for: one for each event and person, sent at least once."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import ANSWERER, REQUESTER
from backlog.flow.orchestration import project_work
from backlog.models import Project
from clarifications import checks, silence
from clarifications.assignment import claim_question, reassign_question, release_question
from clarifications.mails import notices
from clarifications.mails.links import waits_for_person
from clarifications.mails.notices import send_due_notices
from clarifications.models import LedgerPosition, Notice, Question
from clarifications.selectors import people_waited_for, question_in
from events.models import Event
from runtime import system
from tests.flows import answer, step, template

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
RATE = {"type": "number", "title": "Hourly rate", "description": "Of one person."}
SERVER = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def writing(settings: Any) -> None:
    """Mails are sent, and the ledger is read to its end."""
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    LedgerPosition.objects.create(reader=notices.LEDGER_READER, seq=0)


def someone(name: str, role: str = REQUESTER, **about: Any) -> User:
    """A person with this role and an address."""
    user = User.objects.create_user(name, f"{name}@example.org", is_staff=role != REQUESTER, **about)
    user.groups.set(Group.objects.filter(name=role))
    return user


@pytest.fixture
def rita(writing: None) -> User:
    """Who asked for the project."""
    return someone("rita")


@pytest.fixture
def rate(opened: Opened) -> Question:
    """What the hourly rate of rita's project is."""
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": RATE}}
    steps = [step("only", title="Price the time", needs=needs)]
    project = opened(template(*steps, silence={"due_seconds": 100, "remind_every_seconds": 40, "then": "wait"}))
    return Question.objects.get(project=project)


def later(by: timedelta) -> None:
    """Let so much time pass for the notices."""
    Notice.objects.update(created_at=F("created_at") - by, next_attempt_at=F("next_attempt_at") - by)


def silent(seconds: int) -> None:
    """Act on the silence as it is so many seconds later."""
    earlier = timedelta(seconds=seconds)
    Question.objects.update(**{name: F(name) - earlier for name in ("asked_at", "due_at", "next_step_at")})
    silence.act_on_silence()


def readers() -> list[str]:
    """Who got a mail, in order."""
    return [message.to[0].partition("@")[0] for message in mail.outbox]


def hand(question: Question, to: str, by: User) -> None:
    """Hand the question to this person or group."""
    with project_work() as work:
        reassign_question(work, question=question_in(work, question.pk), to=to, by=by)


# -- what a mail says ------------------------------------------------------------------------------
def test_a_mail_says_what_is_asked_and_why_and_what_waits(rita: User, rate: Question) -> None:
    assert send_due_notices() == 1
    [message] = mail.outbox
    assert (message.subject, message.to) == ("Hourly rate – Where does the team lose time?", ["rita@example.org"])
    for words in ("Hello rita", rate.reason, "Price the time", "Of one person.", "Due:", "(UTC)"):
        assert words in message.body
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"


def test_the_link_in_both_parts_of_a_mail_is_answered_without_signing_in(rita: User, rate: Question) -> None:
    send_due_notices()
    [message] = mail.outbox
    link = next(line for line in message.body.splitlines() if line.startswith("https://"))
    assert f'href="{link}"' in message.alternatives[0].content
    path = link.removeprefix("https://interlock.example.org")
    assert "Thank you, rita" in Client().post(path, {"answer": "45"}).content.decode()


def test_a_mail_is_in_the_readers_language_and_time_zone(rita: User, rate: Question) -> None:
    User.objects.update(language="fr", time_zone="Asia/Tokyo")
    send_due_notices()
    [message] = mail.outbox
    assert "(Asia/Tokyo)" in message.body
    assert '<html lang="fr">' in message.alternatives[0].content
    assert message.subject == "Taux horaire – Where does the team lose time?"


def test_words_of_a_foreign_worker_are_not_markup_and_not_headers(rita: User, rate: Question) -> None:
    Question.objects.update(title="<b>Rate</b>\nBcc: eve@example.org", reason="<script>")
    assert send_due_notices() == 1
    [message] = mail.outbox
    assert message.subject.startswith("<b>Rate</b> Bcc: eve@example.org – ")
    assert message.message()["Bcc"] is None
    assert "<script>" not in message.alternatives[0].content
    assert "<script>" in message.body


# -- who gets one ----------------------------------------------------------------------------------
def test_a_title_begins_no_line_of_its_own_in_a_mail(rita: User, rate: Question) -> None:
    Question.objects.update(title="Rate?\r\nBcc: all@example.org\x07 \u202egnp.exe")
    notices.send_due_notices()
    [sent] = mail.outbox
    assert sent.subject.startswith("Rate? Bcc: all@example.org gnp.exe – ")
    assert "\n  Rate? Bcc: all@example.org gnp.exe\n" in str(sent.body)


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


# -- reading the ledger ----------------------------------------------------------------------------
def test_a_new_reader_begins_at_the_newest_event(rita: User, rate: Question) -> None:
    LedgerPosition.objects.all().delete()
    assert send_due_notices() == 0
    assert LedgerPosition.objects.get().seq == Event.objects.order_by("-seq").values_list("seq", flat=True)[0]
    hand(rate, "", by=someone("ann", ANSWERER))
    assert send_due_notices() == 1


def test_the_position_moves_on_past_many_events_without_mails(
    rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MOST_SKIPPED", 1)
    send_due_notices()
    assert LedgerPosition.objects.get().seq == Event.objects.latest("seq").seq


def test_the_ledger_is_read_only_as_far_as_it_is_final(
    rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    [asked] = Event.objects.filter(type__in=notices.NOTIFIED_EVENTS)
    with monkeypatch.context() as patch:
        patch.setattr(notices, "final_seq", lambda: asked.seq - 1)
        assert send_due_notices() == 0
    assert LedgerPosition.objects.get().seq < asked.seq
    assert send_due_notices() == 1


def test_a_person_gets_one_mail_for_an_event_however_often_it_is_read(rita: User, rate: Question) -> None:
    assert [send_due_notices(), send_due_notices()] == [1, 0]
    LedgerPosition.objects.update(seq=0)
    assert send_due_notices() == 0
    assert readers() == ["rita"]


def test_without_a_mail_server_nothing_is_put_aside(settings: Any, rita: User, rate: Question) -> None:
    settings.SENDS_MAIL = False
    assert send_due_notices() == 0
    assert not Notice.objects.exists()
    with pytest.raises(CommandError, match="EMAIL_URL"):
        call_command("notify", "--once")


# -- sending ---------------------------------------------------------------------------------------
def test_a_crash_after_half_of_the_mails_repeats_none_of_that_half(
    rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.update(email="")
    for name in ("ann", "bob"):
        someone(name, ANSWERER)
    real = EmailMessage.send

    def crash(self: EmailMessage, *args: Any) -> int:
        if mail.outbox:
            raise KeyboardInterrupt
        return real(self, *args)

    monkeypatch.setattr(EmailMessage, "send", crash)
    with pytest.raises(KeyboardInterrupt):
        send_due_notices()
    monkeypatch.undo()
    assert send_due_notices() == 0
    later(notices.FIRST_WAIT)
    assert send_due_notices() == 1
    assert readers() == ["ann", "bob"]


def test_two_processes_do_not_send_the_same_mail(rita: User, rate: Question) -> None:
    notices.create_notices()
    mine, theirs = Notice.objects.get(), Notice.objects.get()
    assert notices.deliver_notice(mine).state == "sent"
    assert notices.deliver_notice(theirs).state == "pending"
    assert readers() == ["rita"]


@pytest.mark.parametrize("meanwhile", ["answered", "handed over", "left", "without address"])
def test_a_mail_that_is_not_needed_any_more_is_dropped(rita: User, rate: Question, meanwhile: str) -> None:
    notices.create_notices()
    if meanwhile == "answered":
        answer(rate, 45)
    elif meanwhile == "handed over":
        hand(rate, "ann", by=someone("ann", ANSWERER))
    else:
        User.objects.update(**({"is_active": False} if meanwhile == "left" else {"email": ""}))
    assert send_due_notices() == 0
    assert Notice.objects.get().state == "dropped"


def test_a_question_that_closed_before_its_event_was_read_is_nobodys_mail(rita: User, rate: Question) -> None:
    answer(rate, 45)
    assert send_due_notices() == 0
    assert not Notice.objects.exists()


def test_a_broken_server_is_tried_again_later_and_later(settings: Any, rita: User, rate: Question) -> None:
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, SERVER
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert [send_due_notices(), send_due_notices()] == [0, 0]
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == ("pending", 1)
    assert "refused" in notice.error
    later(notices.FIRST_WAIT)
    assert send_due_notices() == 0
    later(notices.FIRST_WAIT)
    assert send_due_notices() == 0
    assert Notice.objects.get().attempts == 2
    settings.EMAIL_BACKEND = working
    later(notices.FIRST_WAIT)
    assert send_due_notices() == 1
    assert (Notice.objects.get().state, Notice.objects.get().error) == ("sent", "")


def test_a_mail_that_fails_for_a_day_is_given_up(rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmailMessage, "send", refused)
    send_due_notices()
    later(notices.GIVE_UP_AFTER)
    send_due_notices()
    notice = Notice.objects.get()
    assert notice.state == "failed"
    assert "No such mailbox" in notice.error


def refused(*_: Any) -> int:
    """A server that refuses the address."""
    raise smtplib.SMTPRecipientsRefused({"rita@example.org": (550, b"No such mailbox")})


def test_no_transaction_is_open_while_the_server_is_spoken_to(
    rita: User, rate: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    depths = []
    monkeypatch.setattr(EmailMessage, "send", lambda *_: depths.append(len(connection.savepoint_ids)) or 1)
    send_due_notices()
    assert depths == [0]


def test_no_transaction_is_open_while_it_is_looked_up_who_is_written_to(rita: User, rate: Question) -> None:
    depths = []

    def look(execute: Any, sql: str, *about: Any) -> Any:
        if sql.startswith("SELECT") and "accounts_user" in sql:
            depths.append(len(connection.savepoint_ids))
        return execute(sql, *about)

    with connection.execute_wrapper(look):
        notices.create_notices()
    assert Notice.objects.get().recipient == rita
    assert set(depths) == {0}


# -- the process -----------------------------------------------------------------------------------
def test_the_command_takes_one_turn(rita: User, rate: Question, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("notify", "--once")
    assert capsys.readouterr().out == "1 sent\n"


def test_the_system_runs_the_mails_only_where_they_are_sent(settings: Any) -> None:
    assert "notify" in {child.name for child in system.system_processes(web=None, separate=True)}
    settings.SENDS_MAIL = False
    assert "notify" not in {child.name for child in system.system_processes(web=None, separate=True)}


def test_the_check_says_that_links_need_an_address(settings: Any) -> None:
    assert checks.links_lead_somewhere() == []
    settings.PUBLIC_URL = ""
    assert [found.id for found in checks.links_lead_somewhere()] == ["clarifications.E001"]


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
