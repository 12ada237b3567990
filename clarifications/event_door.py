"""Answers and approvals that come as events. They are accepted by the same rules as on the pages.

Writing to the stream gives no right to answer: the name in an event is only a claim, so it must be the name of an
active account, and that account must have the right.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.key_lookup import find_account
from backlog.selectors import item_of
from backlog.work import ProjectWork
from clarifications.errors import AlreadyApproved, NotEntitled
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import answerable_among, for_anybody_among, load_questions, open_question, question_of
from clarifications.services import answer_question
from clarifications.wording import question_title
from events.envelope import Envelope
from events.models import Event
from schemas.payloads.people import HumanApprovalSubmitted, UserAnswerSubmitted


def receive_answer(work: ProjectWork, event: Envelope) -> None:
    """Accept an answer that came as an event; if the question is closed, mark the event IGNORED.

    Raises NotEntitled, or what `answer_question` raises.
    """
    payload = cast(UserAnswerSubmitted, event.payload)
    question = question_of(work, UUID(payload["project_id"]), UUID(payload["question_id"]))
    if question.status != QuestionStatus.OPEN:
        work.record_no_effect(event.event_id, Event.Outcome.IGNORED)
        return
    by = entitled_speaker(work, question, event, payload.get("answered_by"))
    submit(work, question, payload["answer"], event, by=by)


def receive_approval(work: ProjectWork, event: Envelope) -> None:
    """Accept an approval that came as an event; if no approval of the item is asked for, mark the event IGNORED.

    Raises NotEntitled, or what `answer_question` raises.
    """
    item = item_of(work, event)
    load_questions(work, [item.project_id])
    question = open_question(work, item.project_id, f"approval:{item.key}")
    if question is None:
        work.record_no_effect(event.event_id, Event.Outcome.IGNORED)
        return
    approval = cast(HumanApprovalSubmitted, event.payload)
    by = entitled_speaker(work, question, event, approval.get("submitted_by"))
    answer: dict[str, Any] = {"approved": approval["approved"]}
    if "notes" in approval:
        answer["notes"] = approval["notes"]
    submit(work, question, answer, event, by=by)


def submit(work: ProjectWork, question: Question, answer: Any, event: Envelope, *, by: str) -> None:
    """Answer the question with what the event carries; a second approval by one person marks the event IGNORED."""
    try:
        answer_question(work, question=question, answer=answer, by=by, door="event", event_id=event.event_id)
    except AlreadyApproved:
        work.record_no_effect(event.event_id, Event.Outcome.IGNORED)


def entitled_speaker(work: ProjectWork, question: Question, event: Envelope, name: str | None) -> str:
    """Return the name that answers: the account that the event names, else the event's producer.

    Raises NotEntitled unless the account may answer the question. An approval also needs a producer that is listed in
    EVENT_APPROVERS. An event that names no account may only answer input that waits for anybody.
    """
    is_approval = question.kind == Question.Kind.APPROVAL
    if is_approval:
        require_approver(event.source.service)
    if name is not None:
        require_entitled(work, question, name)
    elif not is_approval and question.pk not in answerable_questions(work, None):
        raise NotEntitled(_("This question is assigned: name the account that answers it in `answered_by`."))
    return name if name is not None else event.source.service


def require_approver(producer: str) -> None:
    """Raise NotEntitled unless the setting EVENT_APPROVERS lists the producer."""
    if producer not in settings.EVENT_APPROVERS:
        words = _(
            "Approvals by event are accepted only from the producers in EVENT_APPROVERS; %(name)s is not one of them."
        )
        raise NotEntitled(words % {"name": producer})


def require_entitled(work: ProjectWork, question: Question, name: str) -> None:
    """Raise NotEntitled unless `name` is a person's active account that may answer the question on the pages."""
    if question.pk not in answerable_questions(work, name):
        values = {"name": name, "title": question_title(question)}
        words = _("There is no active account %(name)s that may answer “%(title)s”.")
        raise NotEntitled(words % values)


def answerable_questions(work: ProjectWork, name: str | None) -> set[UUID]:
    """Return the ids of this work's questions that the person of this name may answer; a query or two for each name.

    Without a name they are the questions that wait for anybody.
    """
    if name not in work.answerable:
        questions = work.all_loaded(Question)
        work.answerable[name] = for_anybody_among(questions) if name is None else answerable_to(name, questions)
    return work.answerable[name]


def answerable_to(name: str, questions: Sequence[Question]) -> set[UUID]:
    """Return the ids of those questions that the person with this account may answer; none for a service account."""
    person = find_account(name)
    is_person = person is not None and person.is_active and not person.is_service
    return answerable_among(person, questions) if person and is_person else set()
