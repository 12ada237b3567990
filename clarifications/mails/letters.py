"""The mail that tells a person of a question: in their language, with a link of their own."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.preferences import reading_as
from clarifications.admin.question_page import waiting_items
from clarifications.mails.links import expiry, link_to
from clarifications.models import Notice
from clarifications.wording import title_of


def letter(notice: Notice) -> EmailMultiAlternatives:
    """The mail for the notice, as its reader reads it."""
    with reading_as(notice.recipient):
        shown = contents(notice)
        mail = EmailMultiAlternatives(
            subject=" ".join(f"{shown['title']} – {notice.question.project.title}".split()),
            body=render_to_string("email/question.txt", shown),
            to=[notice.recipient.email],
            headers=headers(notice),
        )
        mail.attach_alternative(render_to_string("email/question.html", shown), "text/html")
    return mail


def contents(notice: Notice) -> dict[str, Any]:
    """What the mail's templates show."""
    question = notice.question
    return {
        "question": question,
        "title": title_of(question),
        "items": [item.title for item, _standing in waiting_items(question)],
        "reader": notice.recipient,
        "link": link_to(question, notice.recipient),
        "until": expiry(),
    }


def headers(notice: Notice) -> dict[str, str]:
    """A mail that comes twice after a crash has the same id; holiday replies are not wanted."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return {"Message-ID": f"<{notice.event.event_id}.{notice.recipient_id}@{host}>", "Auto-Submitted": "auto-generated"}
