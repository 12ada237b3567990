"""The commands on questions: answer, approve, decline, withdraw. Pages, REST, commands and events all call them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from backlog import periods
from backlog import services as backlog
from backlog.blueprints import definition_of
from backlog.models import Item, Project
from backlog.policy import is_own
from backlog.selectors import work_contexts
from backlog.states import ItemState
from backlog.work import ProjectWork
from clarifications.addressees import record_stand_in
from clarifications.contract import field_faults, with_value_at
from clarifications.errors import AlreadyClosed, InvalidAnswer, OwnApproval
from clarifications.models import Answer, Question, QuestionStatus
from clarifications.own_questions import require_other_than_asker
from clarifications.period_question import is_about_period, period_in_answer
from clarifications.selectors import load_questions, questions_of
from clarifications.sentences import fault_in_words
from clarifications.votes import add_vote, ballot_of, require_fitting_decision
from clarifications.wording import closed_in_words, question_title
from events.envelope import DISPATCH
from events.texts import shortened
from pages.presentation import translated
from pages.stored_sentences import stored_form
from schemas import strict_json
from schemas.compiled import compile_schema
from schemas.payloads.about import AboutQuestion
from schemas.payloads.clarification import (
    ClarificationAnswerProvided,
    ClarificationQuestionAssigned,
    ClarificationQuestionDeclined,
    ClarificationQuestionWithdrawn,
)
from schemas.payloads.people import HumanApprovalSubmitted, UserAnswerSubmitted
from schemas.registry import registry
from telemetry import metrics

DECLINED = stored_form(gettext_noop("“%(title)s” was declined: %(why)s"))


# -- answering -------------------------------------------------------------------------------------
def answer_question(
    work: ProjectWork, *, question: Question, answer: Any, by: str, door: str, event_id: UUID | None = None
) -> Question:
    """Accept the first valid answer: merge it into the work context and unblock each item without another question.

    `by` is the name of who answers, `door` the way it came (see `Answer.door`). `event_id` is the event that carried
    the answer; without it, the answer is emitted as USER.ANSWER_SUBMITTED.
    Raises AlreadyClosed, InvalidAnswer, OwnApproval, OwnQuestion or NotesMissing; then nothing changes.
    """
    require_open_question(question)
    require_fitting_answer(question.schema, answer, title=question.title)
    if question.kind == Question.Kind.APPROVAL:
        return decide_approval(work, question, answer, by=by, door=door, event_id=event_id)
    require_other_than_asker(question, by)
    context = work_contexts(work, [question.project_id])[question.project_id]
    data = with_answer(context.data, question, answer, today=work.now.date())
    require_whole_contract(question, data)
    require_carriable(question, data)
    event_id = event_id or emit_statement(
        work, question.project, "USER.ANSWER_SUBMITTED", answer_payload(question, answer, by), by
    )
    context.data = data
    context.provenance = {**context.provenance, question.field: answer_provenance(work, question, by, door)}
    work.change(context, "data", "provenance")
    absent = record_stand_in(work, question, by)
    close_answered(work, question, answer, by=by, absent=absent, door=door, event_id=event_id)
    return question


def with_answer(data: Mapping[str, Any], question: Question, answer: Any, *, today: date) -> dict[str, Any]:
    """Return a copy of the work context with the answer merged: rows bring their period, if their dates settle it.

    Raises InvalidAnswer for a period that says no length.
    """
    if is_about_period(question.schema):
        return with_value_at(data, question.pointer, period_in_answer(answer, data))
    merged = with_value_at(data, question.pointer, answer)
    return periods.with_period(periods.with_facts(merged, today)) if question.pointer == "/rows" else merged


def require_open_question(question: Question) -> None:
    """Raise AlreadyClosed unless the question is open; the error names who answered it first."""
    if question.status == QuestionStatus.OPEN:
        return
    answer = Answer.objects.filter(question_id=question.pk).first()
    raise AlreadyClosed(closed_in_words(question, answer), answered_by=answer.answered_by if answer else None)


def require_fitting_answer(schema: dict[str, Any], answer: Any, *, title: str = "") -> None:
    """Raise InvalidAnswer, with every problem and its JSON Pointer, unless the answer fits the schema.

    `title` is used in the sentences if the schema has no title.
    """
    try:
        strict_json.require_room(answer)
    except strict_json.InvalidJson as error:
        words = _("The answer is too large: %(why)s.") % {"why": error}
        raise InvalidAnswer(words, problems=[("", words)]) from error
    problems_found = compile_schema(schema).problems(answer)
    if problems_found:
        title = translated(str(schema.get("title") or title or _("The answer")))
        problems = [(problem.pointer, fault_in_words(problem, schema, title=title)) for problem in problems_found]
        raise InvalidAnswer(" ".join(words for _pointer, words in problems), problems=problems)


def require_whole_contract(question: Question, data: dict[str, Any]) -> None:
    """Raise InvalidAnswer if the field with this answer breaks what a waiting item needs.

    `data` is the work context with the answer merged. The item's schema may be stricter than the question's.
    """
    top = question.pointer.split("/")[1]
    for item in question.blocked:
        needs = definition_of(item.project.template_id).item(item.key).needs
        if needs and (message := field_faults(needs, data).get(top)):
            words = _("“%(item)s” cannot use this: %(why)s") % {"item": item.title, "why": message}
            raise InvalidAnswer(words, problems=[(question.pointer, message)])


def require_carriable(question: Question, data: dict[str, Any]) -> None:
    """Raise InvalidAnswer unless a dispatch can carry `data`, the work context with the answer merged."""
    try:
        strict_json.require_room(data)
    except strict_json.InvalidJson as error:
        words = _("Together with the earlier answers, this answer is too large: %(why)s.") % {"why": error}
        raise InvalidAnswer(words, problems=[("", words)]) from error
    ids = dict.fromkeys(("project_id", "backlog_item_id"), str(question.project_id))
    dispatch = {**ids, "item_type": "task", "agent_target": "any", "work_context": {"rows": [], **data}}
    contracts = registry()
    if contracts.is_valid(DISPATCH, 1, dispatch):
        return
    prefix = f"/work_context{question.pointer}"
    title = question_title(question)
    problems = [problem for problem in contracts.problems(DISPATCH, 1, dispatch) if problem.pointer.startswith(prefix)]
    in_sentences = " ".join(
        fault_in_words(replace(p, pointer=p.pointer.removeprefix(prefix)), {}, title=title) for p in problems
    )
    why = {"title": title, "why": in_sentences or question.pointer}
    message = _("No agent can work with this value for “%(title)s”: %(why)s") % why
    raise InvalidAnswer(message, problems=[("", message)])


def question_keys(question: Question) -> AboutQuestion:
    """Return the part of a payload that names the question."""
    return {"project_id": str(question.project_id), "question_id": str(question.pk), "field": question.field}


def answer_payload(question: Question, answer: Any, by: str) -> UserAnswerSubmitted:
    """Return the payload of USER.ANSWER_SUBMITTED."""
    return {
        "project_id": str(question.project_id),
        "question_id": str(question.pk),
        "answer": answer,
        "answered_by": by,
    }


def emit_statement(
    work: ProjectWork, project: Project, event_type: str, payload: Mapping[str, object], by: str
) -> UUID:
    """Emit what a person submitted through pages, REST, a link or a command, and make it the cause of what follows.

    Returns the id of the event.
    """
    event = work.emit_about(project, event_type, payload)
    work.cause = event.event_id
    return event.event_id


def answer_provenance(work: ProjectWork, question: Question, by: str, door: str) -> dict[str, Any]:
    """Return the provenance of an answer: who gave it, how it came, when, and to which question."""
    return {"by": by, "door": door, "at": work.now.isoformat(), "question_id": str(question.pk)}


def close_answered(
    work: ProjectWork, question: Question, value: Any, *, by: str, absent: str, door: str, event_id: UUID
) -> None:
    """Mark the question ANSWERED, store the answer, and unblock the items that no other open question blocks.

    `absent` is the name of the person for whom `by` stands in, or "".
    """
    question.accept()
    close(work, question)
    given = {"door": door, "answered_at": work.now, "event_id": event_id}
    work.add(Answer(question=question, value=value, answered_by=by, answered_for=absent, **given))
    freed = [
        item for item in question.blocked if item.state == ItemState.BLOCKED and not blocking_questions(work, item)
    ]
    provided: ClarificationAnswerProvided = {
        **question_keys(question),
        "answer": value,
        "answered_by": by,
        "door": door,
        "unblocked_items": [str(item.pk) for item in freed],
    }
    work.emit_about(question.project, "CLARIFICATION.ANSWER_PROVIDED", provided)
    for item in freed:
        backlog.unblock_item(work, item, question_id=question.pk)
    work.note_change(question.project)


def blocking_questions(work: ProjectWork, item: Item) -> list[Question]:
    """Return the open questions that the item waits for."""
    of_project = questions_of(work, item.project_id)
    return [q for q in of_project if q.status == QuestionStatus.OPEN and item in q.blocked]


# -- approving -------------------------------------------------------------------------------------
def decide_approval(
    work: ProjectWork, question: Question, answer: dict[str, Any], *, by: str, door: str, event_id: UUID | None
) -> Question:
    """Accept an approval or a rejection: approved work is done or may start, rejected work is done again.

    Where the template needs several approvals, the question stays open until the last of them.
    Raises OwnApproval, NotApprover, AlreadyApproved, or NotesMissing if a rejection or a waiver of failed checks has
    no notes.
    """
    item = question.blocked[0]
    if is_own(item, by):
        raise OwnApproval(_("%(by)s requested or did this work: another person has to approve it.") % {"by": by})
    ballot = ballot_of(work, question, by)
    require_fitting_decision(item, answer, ballot, by)
    absent = record_stand_in(work, question, by)
    event_id = event_id or emit_statement(
        work, item.project, "HUMAN.APPROVAL_SUBMITTED", approval_payload(item, question, answer, by), by
    )
    if answer["approved"] and ballot:
        add_vote(work, ballot, door=door, event_id=event_id)
        if not ballot.is_last:
            return release_voter(work, question, by)
    if answer["approved"]:
        backlog.approve_item(work, item, by=by, notes=answer.get("notes", ""))
    else:
        backlog.send_item_back(work, item, notes=answer["notes"], by=by)
    close_answered(work, question, answer, by=by, absent=absent, door=door, event_id=event_id)
    return question


def release_voter(work: ProjectWork, question: Question, by: str) -> Question:
    """Let the question wait for the others who may approve it, whoever it was assigned to; they are written to."""
    question.assigned_to = None
    work.change(question, "assigned_to")
    assigned: ClarificationQuestionAssigned = {
        **question_keys(question),
        "assigned_to": "",
        "assigned_group": question.assigned_group,
        "assigned_by": by,
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_ASSIGNED", assigned)
    return question


def approval_payload(item: Item, question: Question, answer: dict[str, Any], by: str) -> HumanApprovalSubmitted:
    """Return the payload of HUMAN.APPROVAL_SUBMITTED."""
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


# -- closing ---------------------------------------------------------------------------------------
def close(work: ProjectWork, question: Question, *fields: str) -> None:
    """Write the new status of a question that is not open any more, the time, and these fields."""
    question.closed_at = work.now
    work.change(question, "status", "closed_at", *fields)
    waited = (work.now - question.asked_at).total_seconds()
    work.note_time(metrics.QUESTION_SECONDS.labels(question.kind, question.status.lower()), waited)


def decline_question(work: ProjectWork, *, question: Question, by: str, reason: str) -> Question:
    """Close the question without an answer, as a person decides. See `close_declined`.

    Raises AlreadyClosed, or NotApprover for an approval on which this account has no say.
    """
    require_open_question(question)
    if question.kind == Question.Kind.APPROVAL:
        ballot_of(work, question, by)
    record_stand_in(work, question, by)
    return close_declined(work, question=question, by=by, reason=reason)


def close_declined(work: ProjectWork, *, question: Question, by: str, reason: str) -> Question:
    """Close the question without an answer and cancel the items that wait for it. Raises AlreadyClosed.

    A declined approval cancels its item even if the work is finished, since nobody will approve it.
    """
    require_open_question(question)
    question.decline()
    question.declined_by, question.declined_because = by, shortened(reason)
    close(work, question, "declined_by", "declined_because")
    waiting = [item for item in question.blocked if item.state == ItemState.BLOCKED or item.held_for]
    declined: ClarificationQuestionDeclined = {
        **question_keys(question),
        "reason": reason,
        "declined_by": by,
        "cancelled_items": [str(item.pk) for item in waiting],
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_DECLINED", declined)
    for item in waiting:
        if item.state != ItemState.CANCELLED:
            backlog.cancel_item(work, item, reason=DECLINED % {"title": question.title, "why": reason}, by=by)
    return question


def withdraw_unneeded(work: ProjectWork, cancelled: Sequence[Item]) -> None:
    """Withdraw the open questions for which no item waits after these items were cancelled."""
    project_ids = {item.project_id for item in cancelled}
    if not project_ids:
        return
    load_questions(work, project_ids)
    for question in work.all_loaded(Question):
        waits = any(
            item.state not in (ItemState.CANCELLED, ItemState.DONE) for item in getattr(question, "blocked", [])
        )
        if question.project_id in project_ids and question.status == QuestionStatus.OPEN and not waits:
            withdraw_question(work, question, reason=gettext_noop("What it was asked for was cancelled."))


def withdraw_question(work: ProjectWork, question: Question, *, reason: str) -> None:
    """Mark the question WITHDRAWN and emit CLARIFICATION.QUESTION_WITHDRAWN."""
    question.withdraw()
    close(work, question)
    withdrawn: ClarificationQuestionWithdrawn = {**question_keys(question), "reason": reason}
    work.emit_about(question.project, "CLARIFICATION.QUESTION_WITHDRAWN", withdrawn)
