"""Answers and approvals that come as events: who speaks in them is asked what the front door asks.

Whoever writes on the stream is nobody's answerer by that: a name in an event is a claim, and held to the account.
"""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from backlog.selectors import item_of
from backlog.work import ProjectWork
from clarifications.errors import NotEntitled
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import answerable_by, is_for_anybody, load_questions, open_question, question_of
from clarifications.services import answer_question
from clarifications.wording import title_of
from events.envelope import Envelope
from events.models import Event
from schemas.payloads.people import HumanApprovalSubmitted, UserAnswerSubmitted


def receive_answer(work: ProjectWork, event: Envelope) -> None:
    """An answer that came as an event; after the first one it is recorded and has no effect."""
    said = cast(UserAnswerSubmitted, event.payload)
    question = question_of(work, UUID(said["project_id"]), UUID(said["question_id"]))
    if question.status != QuestionStatus.OPEN:
        work.set_aside(event.event_id, Event.Outcome.IGNORED)
        return
    by = speaker(question, event, said.get("answered_by"))
    answer_question(work, question=question, answer=said["answer"], by=by, door="event", said=event.event_id)


def receive_approval(work: ProjectWork, event: Envelope) -> None:
    """An approval that came as an event; when none is asked for it is recorded and has no effect."""
    item = item_of(work, event)
    load_questions(work, [item.project_id])
    question = open_question(work, item.project_id, f"approval:{item.key}")
    if question is None:
        work.set_aside(event.event_id, Event.Outcome.IGNORED)
        return
    approval = cast(HumanApprovalSubmitted, event.payload)
    by = speaker(question, event, approval.get("submitted_by"))
    answer: dict[str, Any] = {"approved": approval["approved"]}
    if "notes" in approval:
        answer["notes"] = approval["notes"]
    answer_question(work, question=question, answer=answer, by=by, door="event", said=event.event_id)


def speaker(question: Question, event: Envelope, name: str | None) -> str:
    """Return who speaks in the event: the account that it names, or its producer. Raises NotEntitled.

    An approval counts only from a producer that a setting names, in whichever kind of event it comes. A producer that
    names nobody speaks as itself, and answers only what waits for anybody.
    """
    is_approval = question.kind == Question.Kind.APPROVAL
    if is_approval:
        require_approver(event.source.service)
    if name is not None:
        require_entitled(question, name)
    elif not is_approval and not is_for_anybody(question):
        raise NotEntitled(_("This question waits for somebody: say who answers it, in `answered_by`."))
    return name if name is not None else event.source.service


def require_approver(producer: str) -> None:
    """Raise NotEntitled unless a setting names the producer as one whose approvals count."""
    if producer not in settings.EVENT_APPROVERS:
        words = _(
            "Approvals by event are taken from the producers that EVENT_APPROVERS names; %(name)s is none of them."
        )
        raise NotEntitled(words % {"name": producer})


def require_entitled(question: Question, name: str) -> None:
    """Raise NotEntitled unless this is an active account that may answer the question at the front door as well."""
    person = User.objects.filter(username=name, is_active=True, is_service=False).first()
    if person is None or not answerable_by(person).filter(pk=question.pk).exists():
        said = {"name": name, "title": title_of(question)}
        raise NotEntitled(_("%(name)s is no active account that may answer “%(title)s”.") % said)
