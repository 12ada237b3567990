"""Answering once, approving, and closing: each function is one decision, in one transaction, for every door."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backlog import services as backlog
from backlog.blueprints import definition_of
from backlog.flow.definition_of_done import unmet_criteria
from backlog.models import Item, Project
from backlog.policy import is_own
from backlog.selectors import contexts
from backlog.states import ItemState
from backlog.work import ProjectWork
from clarifications.contract import faults, merged
from clarifications.errors import AlreadyClosed, InvalidAnswer, NotesMissing, OwnApproval
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.selectors import (
    load_questions,
    questions_of,
)
from clarifications.sentences import in_words
from clarifications.wording import title_of
from events.texts import shortened
from pages.presentation import spoken
from schemas import strict_json
from schemas.compiled import compile_schema
from schemas.payloads.about import AboutQuestion
from schemas.payloads.clarification import (
    ClarificationAnswerProvided,
    ClarificationQuestionDeclined,
    ClarificationQuestionWithdrawn,
)
from schemas.payloads.people import HumanApprovalSubmitted, UserAnswerSubmitted
from schemas.registry import registry

DISPATCH = "WORK.ITEM_DISPATCHED"


# -- answering -------------------------------------------------------------------------------------
def answer_question(
    work: ProjectWork, *, question: Question, answer: Any, by: str, door: str, said: UUID | None = None
) -> Question:
    """Accept the answer: merged with its provenance, every item with no other open question goes on.

    `said` is the event that carried it; an answer from a door of our own is put on record as one.
    Raises AlreadyClosed, InvalidAnswer, OwnApproval or NotesMissing; then nothing changes.
    """
    require_open(question)
    require_fits(question.schema, answer, title=question.title)
    if question.kind == Question.Kind.APPROVAL:
        return approve(work, question, answer, by=by, door=door, said=said)
    context = contexts(work, [question.project_id])[question.project_id]
    data = merged(context.data, question.pointer, answer)
    require_whole_contract(question, data)
    require_carriable(question, data)
    said = said or record(work, question.project, "USER.ANSWER_SUBMITTED", answer_payload(question, answer, by), by)
    context.data = data
    context.provenance = {**context.provenance, question.field: provenance(work, question, by, door)}
    work.change(context, "data", "provenance")
    close(work, question, answer, by=by, door=door, said=said)
    return question


def require_open(question: Question) -> None:
    """Raise AlreadyClosed, naming the winner, unless the question is open."""
    if question.status == QuestionStatus.OPEN:
        return
    answer = Answer.objects.filter(question_id=question.pk).first()
    raise AlreadyClosed(closed_in_words(question, answer), answered_by=answer.answered_by if answer else None)


def closed_in_words(question: Question, answer: Answer | None) -> str:
    """Who closed the question, when and with what."""
    if answer is None:
        return _("“%(title)s” is closed without an answer: %(how)s.") % {
            "title": title_of(question),
            "how": question.get_status_display(),
        }
    said = {"title": title_of(question), "by": answer.answered_by, "value": strict_json.dumps(answer.value).decode()}
    said["when"] = date_format(localtime(answer.answered_at), "DATETIME_FORMAT")
    return _("“%(title)s” was answered by %(by)s with %(value)s, %(when)s; the first answer stands.") % said


def require_fits(schema: dict[str, Any], answer: Any, *, title: str = "") -> None:
    """Raise InvalidAnswer with every problem and its JSON Pointer; `title` names what has none in its schema."""
    try:
        strict_json.require_room(answer)
    except strict_json.InvalidJson as error:
        words = _("The answer is too large: %(why)s.") % {"why": error}
        raise InvalidAnswer(words, problems=[("", words)]) from error
    found = compile_schema(schema).problems(answer)
    if found:
        title = spoken(str(schema.get("title") or title or _("The answer")))
        problems = [(problem.pointer, in_words(problem, schema, title=title)) for problem in found]
        raise InvalidAnswer(" ".join(words for _pointer, words in problems), problems=problems)


def require_whole_contract(question: Question, data: dict[str, Any]) -> None:
    """Raise InvalidAnswer if any blocked item's whole contract objects to the field as it would be."""
    top = question.pointer.split("/")[1]
    for item in question.blocked:
        needs = definition_of(item.project.template_id).item(item.key).needs
        if needs and (message := faults(needs, data).get(top)):
            words = _("“%(item)s” cannot use this: %(why)s") % {"item": item.title, "why": message}
            raise InvalidAnswer(words, problems=[(question.pointer, message)])


def require_carriable(question: Question, data: dict[str, Any]) -> None:
    """Raise InvalidAnswer unless a dispatch could carry the context with this answer in it, whoever asked for it."""
    try:
        strict_json.require_room(data)
    except strict_json.InvalidJson as error:
        words = _("With what was answered before, this is too large: %(why)s.") % {"why": error}
        raise InvalidAnswer(words, problems=[("", words)]) from error
    ids = dict.fromkeys(("project_id", "backlog_item_id"), str(question.project_id))
    dispatch = {**ids, "item_type": "task", "agent_target": "any", "work_context": {"rows": [], **data}}
    contracts = registry()
    if contracts.is_valid(DISPATCH, 1, dispatch):
        return
    at = f"/work_context{question.pointer}"
    title = title_of(question)
    found = [problem for problem in contracts.problems(DISPATCH, 1, dispatch) if problem.pointer.startswith(at)]
    listed = " ".join(in_words(replace(p, pointer=p.pointer.removeprefix(at)), {}, title=title) for p in found)
    why = {"title": title, "why": listed or question.pointer}
    said = _("No agent could be given this as “%(title)s”: %(why)s") % why
    raise InvalidAnswer(said, problems=[("", said)])


def about(question: Question) -> AboutQuestion:
    """Return the keys by which an event names a question."""
    return {"project_id": str(question.project_id), "question_id": str(question.pk), "field": question.field}


def answer_payload(question: Question, answer: Any, by: str) -> UserAnswerSubmitted:
    """The payload of USER.ANSWER_SUBMITTED."""
    return {
        "project_id": str(question.project_id),
        "question_id": str(question.pk),
        "answer": answer,
        "answered_by": by,
    }


def record(work: ProjectWork, project: Project, event_type: str, payload: Mapping[str, object], by: str) -> UUID:
    """Put what a person said at one of our own doors on record; it causes what follows."""
    event = work.emit_about(project, event_type, payload)
    work.cause = event.event_id
    return event.event_id


def provenance(work: ProjectWork, question: Question, by: str, door: str) -> dict[str, Any]:
    """Who said it, when, through which door."""
    return {"by": by, "door": door, "at": work.now.isoformat(), "question_id": str(question.pk)}


def close(work: ProjectWork, question: Question, value: Any, *, by: str, door: str, said: UUID) -> None:
    """ANSWERED, with the one answer; what it held back and nothing else holds goes on."""
    question.accept()
    question.closed_at = work.now
    work.change(question, "status", "closed_at")
    work.add(Answer(question=question, value=value, answered_by=by, door=door, answered_at=work.now, event_id=said))
    freed = [item for item in question.blocked if item.state == ItemState.BLOCKED and not holders(work, item)]
    provided: ClarificationAnswerProvided = {
        **about(question),
        "answer": value,
        "answered_by": by,
        "door": door,
        "unblocked_items": [str(item.pk) for item in freed],
    }
    work.emit_about(question.project, "CLARIFICATION.ANSWER_PROVIDED", provided)
    for item in freed:
        backlog.unblock_item(work, item, question_id=question.pk)
    work.note_change(question.project)


def holders(work: ProjectWork, item: Item) -> list[Question]:
    """The open questions that hold the item back."""
    of_project = questions_of(work, item.project_id)
    return [q for q in of_project if q.status == QuestionStatus.OPEN and item in q.blocked]


# -- approving -------------------------------------------------------------------------------------
def approve(
    work: ProjectWork, question: Question, answer: dict[str, Any], *, by: str, door: str, said: UUID | None
) -> Question:
    """Approved work is done, or may start; rejected work goes round again with the notes in its context."""
    item = question.blocked[0]
    if is_own(item, by):
        raise OwnApproval(_("%(by)s asked for this or did it: somebody else has to approve it.") % {"by": by})
    if not answer["approved"] and not answer.get("notes", "").strip():
        raise NotesMissing(_("Say in the notes what should be done differently: they go to the worker."))
    if answer["approved"] and not answer.get("notes", "").strip() and accepted_by_waiver(item):
        raise NotesMissing(_("Say in the notes why this is accepted although checks failed: the reason is kept."))
    said = said or record(
        work, item.project, "HUMAN.APPROVAL_SUBMITTED", approval_payload(item, question, answer, by), by
    )
    if answer["approved"]:
        backlog.approve_item(work, item, by=by, notes=answer.get("notes", ""))
    else:
        backlog.send_back(work, item, notes=answer["notes"], by=by)
    close(work, question, answer, by=by, door=door, said=said)
    return question


def accepted_by_waiver(item: Item) -> bool:
    """Return True if approving the item's finished work sets unmet criteria aside."""
    return bool(item.held_for and unmet_criteria(item, item.evidence or {}))


def approval_payload(item: Item, question: Question, answer: dict[str, Any], by: str) -> HumanApprovalSubmitted:
    """The payload of HUMAN.APPROVAL_SUBMITTED."""
    submitted: HumanApprovalSubmitted = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "question_id": str(question.pk),
        "submitted_by": by,
        "approved": answer["approved"],
    }
    if "notes" in answer:
        submitted["notes"] = answer["notes"]
    return submitted


# -- closing without an answer ---------------------------------------------------------------------
def decline_question(work: ProjectWork, *, question: Question, by: str, reason: str) -> Question:
    """It will not be answered: the items that need it are cancelled, the others go on. Raises AlreadyClosed.

    An approval that is declined cancels its item, whether it has begun or is finished: nobody will approve it.
    """
    require_open(question)
    question.decline()
    question.closed_at, question.declined_by, question.declined_because = work.now, by, shortened(reason)
    work.change(question, "status", "closed_at", "declined_by", "declined_because")
    waiting = [item for item in question.blocked if item.state == ItemState.BLOCKED or item.held_for]
    declined: ClarificationQuestionDeclined = {
        **about(question),
        "reason": reason,
        "declined_by": by,
        "cancelled_items": [str(item.pk) for item in waiting],
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_DECLINED", declined)
    for item in waiting:
        if item.state != ItemState.CANCELLED:
            backlog.cancel_item(work, item, reason=f"“{question.title}” was declined: {reason}", by=by)
    return question


def withdraw_unneeded(work: ProjectWork, cancelled: Sequence[Item]) -> None:
    """Close the open questions that hold nothing back any more."""
    project_ids = {item.project_id for item in cancelled}
    if not project_ids:
        return
    load_questions(work, project_ids)
    for question in work.all(Question):
        waits = any(
            item.state not in (ItemState.CANCELLED, ItemState.DONE) for item in getattr(question, "blocked", [])
        )
        if question.project_id in project_ids and question.status == QuestionStatus.OPEN and not waits:
            withdraw(work, question, reason=gettext_noop("What it was asked for was cancelled."))


def withdraw(work: ProjectWork, question: Question, *, reason: str) -> None:
    """OPEN → WITHDRAWN."""
    question.withdraw()
    question.closed_at = work.now
    work.change(question, "status", "closed_at")
    withdrawn: ClarificationQuestionWithdrawn = {**about(question), "reason": reason}
    work.emit_about(question.project, "CLARIFICATION.QUESTION_WITHDRAWN", withdrawn)
