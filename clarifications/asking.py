"""Asking questions: a missing field or an approval becomes one open question, and the items that need it wait."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from django.utils.translation import gettext_noop

from backlog import services as backlog
from backlog.blueprints import definition_of
from backlog.flow.definition_of_done import unmet_criteria
from backlog.flow.replies import applies
from backlog.models import Item, Project
from backlog.policy import fault_of_place
from backlog.selectors import item_of, work_contexts
from backlog.work import ProjectWork
from clarifications.contract import APPROVAL_SCHEMA, MissingField, schema_of
from clarifications.models import Blocking, Question
from clarifications.period_question import FIELD as PERIOD
from clarifications.period_question import schema_of_period
from clarifications.selectors import load_questions, open_question, questions_of
from clarifications.services import question_keys
from clarifications.wording import ACCEPT_FAILED_CHECKS, APPROVE_WORK, MAY_GO_ON, MAY_START
from events.envelope import Envelope
from events.errors import InvalidEvent
from events.models import Event
from events.texts import joined, shortened
from pages.stored_sentences import stored_form
from schemas.payloads.clarification import ClarificationNeeded, ClarificationQuestionAsked, QuestionKind
from schemas.payloads.people import HumanApprovalRequested
from schemas.restricted import SchemaRefused, check_restricted, pointer_to

# In characters: the length of the columns `title` and `pointer` of a question.
LONGEST_TITLE = 300
TEMPLATE_ASKS = gettext_noop("The template asks for it.")
WITH_COMMENTS = stored_form(gettext_noop("%(why)s Earlier comments: %(notes)s"))
APPROVAL_GATE, DEFINITION_OF_DONE = gettext_noop("approval gate"), gettext_noop("definition of done")


def ask_input(work: ProjectWork, waiting: Sequence[Item], missing: MissingField, *, asked_by: str) -> Question:
    """Ask for a field and block the items that wait for it; an open question about the field is used again.

    All items must be of one project. Returns the question.
    """
    project = waiting[0].project
    question = open_question(work, project.pk, missing.name)
    if question is None:
        question = new_question(work, project, missing, kind=Question.Kind.INPUT, asked_by=asked_by)
        link_items(work, question, waiting)
        emit_question_asked(work, question)
    else:
        link_items(work, question, waiting)
    for item in waiting:
        backlog.block_item(work, item, reason=f"{question.title}: {missing.reason}", question_ids=[question.pk])
    return question


def ask_approval(work: ProjectWork, item: Item) -> Question:
    """Ask whether the item may start, or, if it is held, whether its finished work is accepted.

    If named checks failed, the question lists their faults: approving then waives them.
    """
    if not item.held_for:
        return ask_for_approval(work, item, MAY_START, TEMPLATE_ASKS, asked_by=APPROVAL_GATE)
    if unmet := unmet_criteria(item, item.evidence or {}):
        return ask_for_approval(work, item, ACCEPT_FAILED_CHECKS, joined(unmet), asked_by=DEFINITION_OF_DONE)
    return ask_for_approval(work, item, APPROVE_WORK, TEMPLATE_ASKS, asked_by=APPROVAL_GATE)


def ask_for_approval(work: ProjectWork, item: Item, title: str, reason: str, *, asked_by: str) -> Question:
    """Ask for the item's approval, or return the open question that asks for it already.

    Finished work that is held stays in its state; an item that has not begun or is in progress is blocked.
    """
    field = f"approval:{item.key}"
    if already_open := open_question(work, item.project_id, field):
        return already_open
    title = title % {"item": item.title}
    if item.notes:
        reason = shortened(WITH_COMMENTS % {"why": reason, "notes": joined(f"“{note}”" for note in item.notes)})
    missing = MissingField(field, {**APPROVAL_SCHEMA, "title": title}, reason)
    question = new_question(work, item.project, missing, kind=Question.Kind.APPROVAL, asked_by=asked_by)
    groups = definition_of(item.project.template_id).item(item.key).approvers.groups
    if len(groups) == 1:
        question.assigned_group = groups[0]
    link_items(work, question, [item])
    emit_question_asked(work, question)
    request: HumanApprovalRequested = {
        "project_id": str(item.project_id),
        "backlog_item_id": str(item.pk),
        "question_id": str(question.pk),
        "title": title,
        "when": "after" if item.held_for else "before",
    }
    work.emit_about(item.project, "HUMAN.APPROVAL_REQUESTED", request)
    if not item.held_for:
        backlog.block_item(work, item, reason=title, question_ids=[question.pk])
    return question


def new_question(
    work: ProjectWork, project: Project, missing: MissingField, *, kind: Question.Kind, asked_by: str
) -> Question:
    """Add an open question to the work and return it; its title, description and answer type come from the schema."""
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


def link_items(work: ProjectWork, question: Question, items: Sequence[Item]) -> None:
    """Record that the items wait for the question; idempotent for each item."""
    for item in items:
        if item not in question.blocked:
            question.blocked.append(item)
            work.add(Blocking(question=question, item=item))


def emit_question_asked(work: ProjectWork, question: Question) -> None:
    """Emit CLARIFICATION.QUESTION_ASKED with every item that waits for the question."""
    payload: ClarificationQuestionAsked = {
        **question_keys(question),
        "kind": cast(QuestionKind, question.kind),
        "title": question.title,
        "schema": question.schema,
        "blocked_items": [str(item.pk) for item in question.blocked],
        "revision": question.revision,
        "reason": question.reason,
        "due_at": question.due_at.isoformat(),
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_ASKED", payload)


def needed_by_worker(work: ProjectWork, event: Envelope) -> None:
    """Ask for each field that a worker misses and block its item; a reply to an old dispatch has no effect.

    Raises InvalidEvent if a field's schema cannot be asked for.
    """
    item = item_of(work, event)
    if not applies(work, item, event):
        return
    load_questions(work, [item.project_id])
    need = cast(ClarificationNeeded, event.payload)
    asked_by = need.get("agent") or item.agent_target
    data = work_contexts(work, [item.project_id])[item.project_id].data
    for missing in asked_fields(item, need, data):
        ask_input(work, [item], missing, asked_by=asked_by)


def approval_wanted_by_worker(work: ProjectWork, event: Envelope) -> None:
    """Ask for the approval that an agent wants before it goes on, and block its item.

    After the approval the item is dispatched again with `approved` in its context, and asking again has no effect.
    Raises InvalidEvent if the event has no reason.
    """
    item = item_of(work, event)
    if not applies(work, item, event):
        return
    if item.cleared:
        work.record_no_effect(event.event_id, Event.Outcome.IGNORED)
        return
    request = cast(HumanApprovalRequested, event.payload)
    if "reason" not in request:
        raise InvalidEvent("The `reason` is missing: say what the agent wants to do and why it needs an approval.")
    load_questions(work, [item.project_id])
    asked_by = request.get("agent") or item.agent_target
    ask_for_approval(work, item, MAY_GO_ON, request["reason"], asked_by=asked_by)


def asked_fields(item: Item, need: ClarificationNeeded, data: Mapping[str, Any]) -> list[MissingField]:
    """Return the fields that a worker asks for, a field named `clarification` if it names none.

    A field's schema is the template's, else the one in KNOWN_FIELDS, else the worker's own; for the period it is made
    from the dates of the rows in the work context `data`. Raises InvalidEvent.
    """
    reason, fields = need["reason"], need.get("fields") or {}
    described = definition_of(item.project.template_id).item(item.key).needs.get("properties", {})
    known = {PERIOD: schema_of_period(data), **described}
    names = list(dict.fromkeys([*fields, *(need.get("missing_fields") or [])])) or ["clarification"]
    try:
        for name in names:
            check_restricted(fields.get(name, {}))
            require_short(name, fields.get(name, {}))
    except SchemaRefused as error:
        raise InvalidEvent(f"A field's schema cannot be asked for: {error}") from error
    return [MissingField(name, known.get(name) or schema_of(name, fields.get(name)), reason) for name in names]


def require_short(name: str, schema: dict[str, Any]) -> None:
    """Raise SchemaRefused if the title or the pointer is too long or too deep, or if the key is reserved."""
    if fault := fault_of_place(pointer_to(name, schema)):
        raise SchemaRefused(fault)
    if max(len(schema.get("title", "")), len(pointer_to(name, schema))) > LONGEST_TITLE:
        raise SchemaRefused(f"its title and its pointer may have at most {LONGEST_TITLE} characters")
