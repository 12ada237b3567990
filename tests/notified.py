"""People who are written to about a question, what happens to it, and who got a mail."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.core import mail
from django.db.models import F

from accounts.models import User
from accounts.roles import REQUESTER
from backlog.flow.orchestration import project_work
from clarifications import silence
from clarifications.assignment import reassign_question
from clarifications.models import Notice, Question
from clarifications.selectors import question_in

RATE = {"type": "number", "title": "Hourly rate", "description": "Of one person."}


def someone(name: str, role: str = REQUESTER, **about: Any) -> User:
    """A person with this role and an address."""
    user = User.objects.create_user(name, f"{name}@example.org", is_staff=role != REQUESTER, **about)
    user.groups.set(Group.objects.filter(name=role))
    return user


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
