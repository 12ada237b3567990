"""What a mail about a question says: in the reader's language, without markup or headers of others."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from clarifications.mails import notices
from clarifications.mails.notices import send_due_notices
from clarifications.models import Question

pytestmark = pytest.mark.django_db


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


def test_a_title_begins_no_line_of_its_own_in_a_mail(rita: User, rate: Question) -> None:
    Question.objects.update(title="Rate?\r\nBcc: all@example.org\x07 \u202egnp.exe")
    notices.send_due_notices()
    [sent] = mail.outbox
    assert sent.subject.startswith("Rate? Bcc: all@example.org gnp.exe – ")
    assert "\n  Rate? Bcc: all@example.org gnp.exe\n" in str(sent.body)
