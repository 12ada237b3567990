"""Mails to whom a question waits for: one for each event and person, sent at least once."""

import smtplib
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import User
from accounts.roles import ANSWERER
from clarifications import checks
from clarifications.mails import notices
from clarifications.mails.notices import send_due_notices
from clarifications.models import LedgerPosition, Notice, Question
from events.models import Event
from runtime import system
from tests.flows import answer
from tests.notified import hand, later, readers, someone

pytestmark = pytest.mark.django_db
SERVER = "django.core.mail.backends.smtp.EmailBackend"


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
