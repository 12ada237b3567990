"""Asking once and answering once: each function is one decision, in one transaction, for every door."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from backlog import services as backlog
from backlog.blueprints import definition_of
from backlog.definition_of_done import unmet_criteria
from backlog.models import Item, Project
from backlog.orchestration import say, touch
from backlog.policy import OURS, is_own
from backlog.replies import counts
from backlog.selectors import contexts, item_of
from backlog.states import ItemState
from clarifications.contract import MissingField, faults, merged, pointer_to, schema_of
from clarifications.errors import AlreadyClosed, InvalidAnswer, NotEntitled, NotesMissing, OwnApproval
from clarifications.models import Answer, Blocking, Question, QuestionStatus
from clarifications.selectors import (
    answerable_by,
    is_for_anybody,
    load_questions,
    open_question,
    question_of,
    questions_of,
)
from clarifications.sentences import in_words
from clarifications.wording import ACCEPT_FAILED_CHECKS, APPROVE_WORK, MAY_GO_ON, MAY_START, title_of
from events.envelope import Envelope
from events.errors import InvalidEvent
from events.models import Event
from events.presentation import spoken
from events.texts import joined, shortened
from events.work import UnitOfWork
from schemas import strict_json
from schemas.compiled import compile_schema
from schemas.registry import registry
from schemas.restricted import SchemaRefused, check_restricted

LONGEST_TITLE = 300
DEEPEST_POINTER = 5
DISPATCH = "WORK.ITEM_DISPATCHED"
TEMPLATE_ASKS = gettext_noop("The template asks for it.")
APPROVAL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["approved"],
    "properties": {
        "approved": {"type": "boolean", "title": gettext_noop("Approve?")},
        "notes": {
            "type": "string",
            "title": gettext_noop("What should be done differently?"),
            "maxLength": 10_000,
        },
    },
    "additionalProperties": False,
}


# -- asking ----------------------------------------------------------------------------------------
def ask_input(work: UnitOfWork, waiting: Sequence[Item], missing: MissingField, *, asked_by: str) -> Question:
    """Ask for a field once and block the items that wait for it; an open question takes them on."""
    project = waiting[0].project
    question = open_question(work, project.pk, missing.name)
    if question is None:
        question = new_question(work, project, missing, kind=Question.Kind.INPUT, asked_by=asked_by)
        link(work, question, waiting)
        announce(work, question)
    else:
        link(work, question, waiting)
    for item in waiting:
        backlog.block_item(work, item, reason=f"{question.title}: {missing.reason}", question_ids=[question.pk])
    return question


def ask_approval(work: UnitOfWork, item: Item) -> Question:
    """Ask once whether the item may start, or whether its finished work is accepted, also where its checks failed."""
    if not item.held_for:
        return ask_for_approval(work, item, MAY_START, TEMPLATE_ASKS, asked_by="approval gate")
    if unmet := unmet_criteria(item, item.evidence or {}):
        return ask_for_approval(work, item, ACCEPT_FAILED_CHECKS, joined(unmet), asked_by="definition of done")
    return ask_for_approval(work, item, APPROVE_WORK, TEMPLATE_ASKS, asked_by="approval gate")


def ask_for_approval(work: UnitOfWork, item: Item, title: str, reason: str, *, asked_by: str) -> Question:
    """Ask for the item's approval unless that is asked already; an item under way or not begun is blocked by it."""
    field, when = f"approval:{item.key}", "after" if item.held_for else "before"
    if found := open_question(work, item.project_id, field):
        return found
    title = title % {"item": item.title}
    reason = joined([reason, *(f"Noted before: {note}" for note in item.notes)])
    missing = MissingField(field, {**APPROVAL_SCHEMA, "title": title}, reason)
    question = new_question(work, item.project, missing, kind=Question.Kind.APPROVAL, asked_by=asked_by)
    link(work, question, [item])
    announce(work, question)
    asked = {"backlog_item_id": str(item.pk), "question_id": str(question.pk), "title": title, "when": when}
    say(work, item.project, "HUMAN.APPROVAL_REQUESTED", asked)
    if not item.held_for:
        backlog.block_item(work, item, reason=title, question_ids=[question.pk])
    return question


def new_question(
    work: UnitOfWork, project: Project, missing: MissingField, *, kind: Question.Kind, asked_by: str
) -> Question:
    """A question row: its words and its answer's type come from the field's schema."""
    earlier = [q.revision for q in questions_of(work, project.pk) if q.field == missing.name]
    silence = definition_of(project.template_id).silence
    due_at = work.now + timedelta(seconds=silence.due_seconds)
    question = work.add(
        Question(
            project=project,
            field=missing.name,
            kind=kind,
            revision=max(earlier, default=0) + 1,
            title=shortened(missing.schema.get("title") or missing.name.replace("_", " ").capitalize(), LONGEST_TITLE),
            description=missing.schema.get("description", ""),
            schema=dict(missing.schema),
            pointer=pointer_to(missing.name, missing.schema),
            reason=shortened(missing.reason),
            asked_by=asked_by,
            asked_at=work.now,
            due_at=due_at,
            next_step_at=min(due_at, work.now + timedelta(seconds=silence.remind_every_seconds)),
        )
    )
    question.blocked = []
    return question


def link(work: UnitOfWork, question: Question, items: Sequence[Item]) -> None:
    """Note that the question holds these items back."""
    for item in items:
        if item not in question.blocked:
            question.blocked.append(item)
            work.add(Blocking(question=question, item=item))


def announce(work: UnitOfWork, question: Question) -> None:
    """CLARIFICATION.QUESTION_ASKED, with every item it holds back."""
    asked = {
        "question_id": str(question.pk),
        "kind": question.kind,
        "field": question.field,
        "title": question.title,
        "schema": question.schema,
        "blocked_items": [str(item.pk) for item in question.blocked],
        "revision": question.revision,
        "reason": question.reason,
        "due_at": question.due_at.isoformat(),
    }
    say(work, question.project, "CLARIFICATION.QUESTION_ASKED", asked)


def needed_by_worker(work: UnitOfWork, event: Envelope) -> None:
    """A worker found something missing: ask for each field and block its item. Raises InvalidEvent."""
    item = item_of(work, event)
    if not counts(work, item, event):
        return
    load_questions(work, [item.project_id])
    asked_by = event.payload.get("agent") or item.agent_target
    for missing in asked_fields(item, event):
        ask_input(work, [item], missing, asked_by=asked_by)


def approval_wanted_by_worker(work: UnitOfWork, event: Envelope) -> None:
    """An agent wants a person to approve what it is about to do: block its item and ask. Raises InvalidEvent.

    Once approved, the item is dispatched again with `approved` in its context; asking again has no effect.
    """
    item = item_of(work, event)
    if not counts(work, item, event):
        return
    if item.cleared:
        work.set_aside(event.event_id, Event.Outcome.IGNORED)
        return
    if "reason" not in event.payload:
        raise InvalidEvent("An agent that asks for an approval says why, in `reason`.")
    load_questions(work, [item.project_id])
    asked_by = event.payload.get("agent") or item.agent_target
    ask_for_approval(work, item, MAY_GO_ON, event.payload["reason"], asked_by=asked_by)


def asked_fields(item: Item, event: Envelope) -> list[MissingField]:
    """The fields the worker names, each with its own schema, the template's, or free text."""
    reason, fields = event.payload["reason"], event.payload.get("fields") or {}
    known = definition_of(item.project.template_id).item(item.key).needs.get("properties", {})
    names = list(dict.fromkeys([*fields, *(event.payload.get("missing_fields") or [])])) or ["clarification"]
    try:
        for name in names:
            check_restricted(fields.get(name, {}))
            require_short(name, fields.get(name, {}))
    except SchemaRefused as error:
        raise InvalidEvent(f"A field's schema cannot be asked for: {error}") from error
    return [MissingField(name, fields.get(name) or known.get(name) or schema_of(name), reason) for name in names]


def require_short(name: str, schema: dict[str, Any]) -> None:
    """Raise SchemaRefused when the title, or where the answer goes, is longer or deeper than a question can hold."""
    place = pointer_to(name, schema).split("/")[1:]
    if len(place) > DEEPEST_POINTER:
        raise SchemaRefused(f"an answer goes at most {DEEPEST_POINTER} levels deep")
    if place[0] in OURS:
        raise SchemaRefused(f"{place[0]} is added by Interlock, nobody can be asked for it")
    if max(len(schema.get("title", "")), len(pointer_to(name, schema))) > LONGEST_TITLE:
        raise SchemaRefused(f"its title and its pointer have {LONGEST_TITLE} characters at most")


# -- answering -------------------------------------------------------------------------------------
def answer_question(
    work: UnitOfWork, *, question: Question, answer: Any, by: str, door: str, said: UUID | None = None
) -> Question:
    """Accept the answer: merged with its provenance, every item with no other open question goes on.

    `said` is the event that carried it; an answer from a door of our own is put on record as one.
    Raises AlreadyClosed, InvalidAnswer, OwnApproval or NotesMissing; then nothing changes.
    """
    require_open(question)
    require_fits(question.schema, answer)
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


def require_fits(schema: dict[str, Any], answer: Any) -> None:
    """Raise InvalidAnswer with every problem and its JSON Pointer."""
    try:
        strict_json.require_room(answer)
    except strict_json.InvalidJson as error:
        words = _("The answer is too large: %(why)s.") % {"why": error}
        raise InvalidAnswer(words, problems=[("", words)]) from error
    found = compile_schema(schema).problems(answer)
    if found:
        title = spoken(str(schema.get("title") or _("The answer")))
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
    ids = dict.fromkeys(("project_id", "backlog_item_id"), str(question.project_id))
    dispatch = {**ids, "item_type": "task", "agent_target": "any", "work_context": {"rows": [], **data}}
    contracts = registry()
    if contracts.is_valid(DISPATCH, 1, dispatch):
        return
    at = f"/work_context{question.pointer}"
    words = [p.message for p in contracts.problems(DISPATCH, 1, dispatch) if p.pointer.startswith(at)]
    said = _("No agent could be given this as “%(title)s”: %(why)s") % {
        "title": title_of(question),
        "why": "; ".join(words) or question.pointer,
    }
    raise InvalidAnswer(said, problems=[("", said)])


def answer_payload(question: Question, answer: Any, by: str) -> dict[str, Any]:
    """The payload of USER.ANSWER_SUBMITTED."""
    return {"question_id": str(question.pk), "answer": answer, "answered_by": by}


def record(work: UnitOfWork, project: Project, event_type: str, payload: dict[str, Any], by: str) -> UUID:
    """Put what a person said at one of our own doors on record; it causes what follows."""
    event = say(work, project, event_type, payload)
    work.cause = event.event_id
    return event.event_id


def provenance(work: UnitOfWork, question: Question, by: str, door: str) -> dict[str, Any]:
    """Who said it, when, through which door."""
    return {"by": by, "door": door, "at": work.now.isoformat(), "question_id": str(question.pk)}


def close(work: UnitOfWork, question: Question, value: Any, *, by: str, door: str, said: UUID) -> None:
    """ANSWERED, with the one answer; what it held back and nothing else holds goes on."""
    question.accept()
    question.closed_at = work.now
    work.change(question, "status", "closed_at")
    work.add(Answer(question=question, value=value, answered_by=by, door=door, answered_at=work.now, event_id=said))
    freed = [item for item in question.blocked if item.state == ItemState.BLOCKED and not holders(work, item)]
    answered = {"question_id": str(question.pk), "field": question.field, "answer": value}
    said_by = {"answered_by": by, "door": door, "unblocked_items": [str(item.pk) for item in freed]}
    say(work, question.project, "CLARIFICATION.ANSWER_PROVIDED", {**answered, **said_by})
    for item in freed:
        backlog.unblock_item(work, item, question_id=question.pk)
    touch(work, question.project)


def holders(work: UnitOfWork, item: Item) -> list[Question]:
    """The open questions that hold the item back."""
    of_project = questions_of(work, item.project_id)
    return [q for q in of_project if q.status == QuestionStatus.OPEN and item in q.blocked]


def receive_answer(work: UnitOfWork, event: Envelope) -> None:
    """An answer that came as an event; after the first one it is recorded and has no effect."""
    said = event.payload
    question = question_of(work, UUID(said["project_id"]), UUID(said["question_id"]))
    if question.status != QuestionStatus.OPEN:
        work.set_aside(event.event_id, Event.Outcome.IGNORED)
        return
    by = said.get("answered_by") or event.source.service
    require_speaker(question, said.get("answered_by"), event.source.service, may_be_silent=True)
    answer_question(work, question=question, answer=said["answer"], by=by, door="event", said=event.event_id)


# -- approving -------------------------------------------------------------------------------------
def approve(
    work: UnitOfWork, question: Question, answer: dict[str, Any], *, by: str, door: str, said: UUID | None
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


def require_approver(event: Envelope) -> None:
    """Raise NotEntitled unless a setting names the producer: who writes on the stream is nobody's approver by that."""
    if event.source.service not in settings.EVENT_APPROVERS:
        words = _(
            "Approvals by event are taken from the producers that EVENT_APPROVERS names; %(name)s is none of them."
        )
        raise NotEntitled(words % {"name": event.source.service})


def require_speaker(question: Question, name: str | None, producer: str, *, may_be_silent: bool = False) -> None:
    """Raise NotEntitled unless the named account may answer this question at the front door as well.

    A producer that names nobody answers as itself: an approval only where a setting names it, an input where the
    question waits for anybody.
    """
    if name is None:
        if question.kind == Question.Kind.APPROVAL or (may_be_silent and is_for_anybody(question)):
            return
        raise NotEntitled(_("This question waits for somebody: say who answers it, in `answered_by`."))
    person = User.objects.filter(username=name, is_active=True, is_service=False).first()
    if person is None or not answerable_by(person).filter(pk=question.pk).exists():
        raise NotEntitled(
            _("%(name)s is no active account that may answer “%(title)s”.")
            % {
                "name": name,
                "title": title_of(question),
            }
        )


def approval_payload(item: Item, question: Question, answer: dict[str, Any], by: str) -> dict[str, Any]:
    """The payload of HUMAN.APPROVAL_SUBMITTED."""
    about = {"backlog_item_id": str(item.pk), "question_id": str(question.pk), "submitted_by": by}
    return {**about, **answer}


def receive_approval(work: UnitOfWork, event: Envelope) -> None:
    """An approval that came as an event; when none is asked for it is recorded and has no effect."""
    item = item_of(work, event)
    load_questions(work, [item.project_id])
    question = open_question(work, item.project_id, f"approval:{item.key}")
    if question is None:
        work.set_aside(event.event_id, Event.Outcome.IGNORED)
        return
    by = event.payload.get("submitted_by") or event.source.service
    require_approver(event)
    require_speaker(question, event.payload.get("submitted_by"), event.source.service)
    answer = {key: event.payload[key] for key in ("approved", "notes") if key in event.payload}
    answer_question(work, question=question, answer=answer, by=by, door="event", said=event.event_id)


# -- closing without an answer ---------------------------------------------------------------------
def decline_question(work: UnitOfWork, *, question: Question, by: str, reason: str) -> Question:
    """It will not be answered: the items that need it are cancelled, the others go on. Raises AlreadyClosed.

    An approval that is declined cancels its item, whether it has begun or is finished: nobody will approve it.
    """
    require_open(question)
    question.decline()
    question.closed_at, question.declined_by, question.declined_because = work.now, by, shortened(reason)
    work.change(question, "status", "closed_at", "declined_by", "declined_because")
    waiting = [item for item in question.blocked if item.state == ItemState.BLOCKED or item.held_for]
    about = {"question_id": str(question.pk), "field": question.field, "reason": reason, "declined_by": by}
    cancelled = {"cancelled_items": [str(item.pk) for item in waiting]}
    say(work, question.project, "CLARIFICATION.QUESTION_DECLINED", {**about, **cancelled})
    for item in waiting:
        if item.state != ItemState.CANCELLED:
            backlog.cancel_item(work, item, reason=f"“{question.title}” was declined: {reason}", by=by)
    return question


def withdraw_unneeded(work: UnitOfWork, cancelled: Sequence[Item]) -> None:
    """Close the open questions that hold nothing back any more."""
    project_ids = {item.project_id for item in cancelled}
    load_questions(work, project_ids)
    for question in work.all(Question):
        waits = any(
            item.state not in (ItemState.CANCELLED, ItemState.DONE) for item in getattr(question, "blocked", [])
        )
        if question.project_id in project_ids and question.status == QuestionStatus.OPEN and not waits:
            withdraw(work, question, reason=gettext_noop("What it was asked for was cancelled."))


def withdraw(work: UnitOfWork, question: Question, *, reason: str) -> None:
    """OPEN → WITHDRAWN."""
    question.withdraw()
    question.closed_at = work.now
    work.change(question, "status", "closed_at")
    closed = {"question_id": str(question.pk), "field": question.field, "reason": reason}
    say(work, question.project, "CLARIFICATION.QUESTION_WITHDRAWN", closed)
