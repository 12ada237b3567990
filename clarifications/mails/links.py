"""Signed links: whoever holds one may answer one question as one person, while it waits for that person."""

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
from clarifications.services import answer_question, closed_in_words

SALT = "clarifications.mails.links"
# Neither part of a token has a dot, and a mail program keeps one inside an address.
SEPARATOR = "."


@dataclass(frozen=True)
class Claim:
    """What a token says, whether or not it still holds."""

    question_id: UUID
    revision: int
    user_id: int
    until: datetime


def link_token(question: Question, user: User) -> str:
    """A token with which this person may answer this question, until it expires."""
    said = [question.pk.hex, question.revision, user.pk, int(expiry().timestamp())]
    return signer().sign_object(said)


def expiry() -> datetime:
    """When a link made now expires."""
    return timezone.now() + timedelta(hours=settings.ANSWER_LINK_HOURS)


def link_to(question: Question, user: User) -> str:
    """The whole address of the person's page for this question."""
    path = reverse("portal:answer-link", args=[link_token(question, user)])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def signer() -> signing.Signer:
    """Signs links and nothing else."""
    return signing.Signer(salt=SALT, sep=SEPARATOR)


def claim_of(token: str) -> Claim:
    """What the token says. Raises LinkTampered unless we signed it."""
    try:
        question_id, revision, user_id, until = signer().unsign_object(token)
    except signing.BadSignature as error:
        words = _("This address is not whole: open the link in the e-mail again, or copy all of it.")
        raise LinkTampered(words) from error
    return Claim(UUID(question_id), revision, user_id, datetime.fromtimestamp(until, UTC))


def holder_of(token: str) -> User | None:
    """The person whom the link was made for, if we made it and the person is still here."""
    try:
        return User.objects.filter(pk=claim_of(token).user_id, is_active=True).first()
    except LinkTampered:
        return None


def read_token(token: str) -> tuple[Question, User]:
    """The question and the person who may answer it now.

    Raises LinkTampered, LinkExpired, LinkNotAllowed, LinkSuperseded or LinkClosed.
    """
    claim = claim_of(token)
    user = User.objects.filter(pk=claim.user_id, is_active=True).first()
    question = Question.objects.select_related("project", "assigned_to").filter(pk=claim.question_id).first()
    if user is None or question is None or not questions_for(user).filter(pk=question.pk).exists():
        raise LinkNotAllowed(_("This link was made for a person who may not answer any more."))
    require_current(question, claim)
    require_waiting(question, user)
    return question, user


def require_current(question: Question, claim: Claim) -> None:
    """Raise LinkSuperseded, LinkClosed or LinkExpired unless the question stands as it was when the link was made."""
    later = Question.objects.filter(project=question.project_id, field=question.field, revision__gt=claim.revision)
    if later.exists():
        raise LinkSuperseded(_("This was asked again since: answer the newer question."))
    if question.status != QuestionStatus.OPEN:
        answer = Answer.objects.filter(question_id=question.pk).first()
        raise LinkClosed(closed_in_words(question, answer), answered_by=answer.answered_by if answer else None)
    if claim.until <= timezone.now():
        raise LinkExpired(_("This link has expired, but the question is still open: sign in to answer it."))


def require_waiting(question: Question, user: User) -> None:
    """Raise LinkNotAllowed unless the question waits for the person."""
    if not waits_for_person(question, user):
        raise LinkNotAllowed(_("This question now waits for another person."))


def waits_for_person(question: Question, user: User) -> bool:
    """Whether it is open, nobody else holds it, and the person may answer it: never an approval of their own."""
    own = question.kind == Question.Kind.APPROVAL and question.project.owner_id == user.pk
    return user.is_active and not own and waiting_questions(user).filter(pk=question.pk).exists()


def answer_by_link(work: ProjectWork, *, token: str, answer: Any) -> Question:
    """Accept the answer of the person whom the link was made for, judging the link again now that all is locked.

    Raises as `read_token` and `answer_question` do; then nothing changes.
    """
    locked = question_in(work, claim_of(token).question_id)
    _question, user = read_token(token)
    return answer_question(work, question=locked, answer=answer, by=user.get_username(), door="link")
