"""Signed links in mails: a link lets its holder answer one question as one person, while it waits for that person."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from backlog.work import ProjectWork
from clarifications.errors import LinkClosed, LinkExpired, LinkNotAllowed, LinkSuperseded, LinkTampered
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import question_in, questions_for, waiting_questions
from clarifications.services import answer_question
from clarifications.wording import closed_in_words

SALT = "clarifications.mails.links"
# No part of a token contains a dot, and mail programs do not end an address at a dot inside it.
SEPARATOR = "."


@dataclass(frozen=True)
class LinkContent:
    """The content of a token: for which question, revision and person it was made, and until when it is valid."""

    question_id: UUID
    revision: int
    user_id: int
    until: datetime


def link_token(question: Question, user: User) -> str:
    """Return a token with which this person may answer this question, valid until `link_expiry()`."""
    content = [question.pk.hex, question.revision, user.pk, int(link_expiry().timestamp())]
    return signer().sign_object(content)


def link_expiry() -> datetime:
    """Return the time at which a link that is made now expires."""
    return timezone.now() + timedelta(hours=settings.ANSWER_LINK_HOURS)


def answer_link(question: Question, user: User) -> str:
    """Return the complete address of the page on which the person answers the question."""
    path = reverse("portal:answer-link", args=[link_token(question, user)])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def signer() -> signing.Signer:
    """Return the signer for links; its salt keeps other signed values from being used as links."""
    return signing.Signer(salt=SALT, sep=SEPARATOR)


def link_content_of(token: str) -> LinkContent:
    """Return the content of the token. Raises LinkTampered unless this system signed it."""
    try:
        question_id, revision, user_id, until = signer().unsign_object(token)
    except signing.BadSignature as error:
        words = _("This link is incomplete or was changed: open it from the e-mail again, or copy all of it.")
        raise LinkTampered(words) from error
    return LinkContent(UUID(question_id), revision, user_id, datetime.fromtimestamp(until, UTC))


def person_of_token(token: str) -> User | None:
    """Return the person for whom the token was made, or None if it is not signed or the account is not active."""
    try:
        return User.objects.filter(pk=link_content_of(token).user_id, is_active=True).first()
    except LinkTampered:
        return None


def read_token(token: str) -> tuple[Question, User]:
    """Return the token's question and person, if the person may answer the question by this link now.

    Raises LinkTampered, LinkExpired, LinkNotAllowed, LinkSuperseded or LinkClosed.
    """
    content = link_content_of(token)
    user = User.objects.filter(pk=content.user_id, is_active=True).first()
    question = Question.objects.select_related("project", "assigned_to").filter(pk=content.question_id).first()
    if user is None or question is None or not questions_for(user).filter(pk=question.pk).exists():
        raise LinkNotAllowed(_("This link was made for a person who may not answer this question any more."))
    require_current(question, content)
    require_waiting(question, user)
    return question, user


def require_current(question: Question, content: LinkContent) -> None:
    """Raise LinkSuperseded, LinkClosed or LinkExpired unless question and link are still valid."""
    later = Question.objects.filter(project=question.project_id, field=question.field, revision__gt=content.revision)
    if later.exists():
        raise LinkSuperseded(_("This question was asked again after this link was sent: answer the newer question."))
    if question.status != QuestionStatus.OPEN:
        answer = Answer.objects.filter(question_id=question.pk).first()
        raise LinkClosed(closed_in_words(question, answer), answered_by=answer.answered_by if answer else None)
    if content.until <= timezone.now():
        raise LinkExpired(_("This link has expired, but the question is still open: sign in to answer it."))


def require_waiting(question: Question, user: User) -> None:
    """Raise LinkNotAllowed unless the question waits for the person; see `waits_for_person`."""
    if not waits_for_person(question, user):
        raise LinkNotAllowed(_("This question now waits for another person."))


def waits_for_person(question: Question, user: User) -> bool:
    """Return True if the question is open and waits for the person or one of their groups, or for anybody.

    False for the approval of a project that the person owns.
    """
    own = question.kind == Question.Kind.APPROVAL and question.project.owner_id == user.pk
    return user.is_active and not own and waiting_questions(user).filter(pk=question.pk).exists()


def answer_by_link(work: ProjectWork, *, token: str, answer: Any) -> Question:
    """Accept the answer as the person of the token; the token is checked under the lock of the question's project.

    Raises what `read_token` and `answer_question` raise; then nothing changes.
    """
    locked = question_in(work, link_content_of(token).question_id)
    _question, user = read_token(token)
    return answer_question(work, question=locked, answer=answer, by=user.get_username(), door="link")
