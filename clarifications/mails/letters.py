"""The text of a mail about a question, in the recipient's language and with a personal link."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.preferences import preferences_of
from backlog.flow.opening import one_line
from clarifications.addressees import stand_in_words
from clarifications.mails.links import answer_link, link_expiry
from clarifications.models import Notice
from clarifications.selectors import items_waiting_for
from clarifications.votes import named_approvals
from clarifications.wording import question_title


def mail_for_notice(notice: Notice) -> EmailMultiAlternatives:
    """Return the mail for the notice, in its recipient's language and time zone."""
    with preferences_of(notice.recipient):
        context = template_context(notice)
        mail = EmailMultiAlternatives(
            subject=one_line(f"{context['title']} – {notice.question.project.title}"),
            body=render_to_string("email/question.txt", context),
            to=[notice.recipient.email],
            headers=mail_headers(notice),
        )
        mail.attach_alternative(render_to_string("email/question.html", context), "text/html")
    return mail


def template_context(notice: Notice) -> dict[str, Any]:
    """Return the context of the mail's templates; each title is one line, so that it looks like no other line."""
    question = notice.question
    return {
        "question": question,
        "title": one_line(question_title(question)),
        "items": [one_line(item.title) for item, _standing in items_waiting_for(question)],
        "approvals": named_approvals(question),
        "reader": notice.recipient,
        "stands_in": stand_in_words(question, notice.recipient),
        "link": answer_link(question, notice.recipient),
        "until": link_expiry(),
    }


def mail_headers(notice: Notice) -> dict[str, str]:
    """Return the mail's headers: the same Message-ID if a mail is sent twice, and no automatic replies wanted."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return {"Message-ID": f"<{notice.event.event_id}.{notice.recipient_id}@{host}>", "Auto-Submitted": "auto-generated"}
