"""What happens when nobody answers: reminders, escalation to the next group, then the template's policy."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext_noop

from backlog import services as backlog
from backlog.blueprints import Silence, definition_of
from backlog.flow.orchestration import project_work
from backlog.work import ProjectWork
from clarifications.errors import ClarificationError
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import due_questions, load_questions
from clarifications.services import about, answer_question, decline_question
from events import rounds
from events.clock import database_now
from schemas.payloads.clarification import (
    ClarificationQuestionEscalated,
    ClarificationQuestionExpired,
    ClarificationQuestionReminded,
)

logger = logging.getLogger(__name__)

# Questions one round takes: a short transaction, repeated every second while there is more.
ROUND = 200
NAME = gettext_noop("unanswered questions")
# What the system does by itself is recorded as done by the system.
POLICY = "silence policy"


def act_on_silence() -> None:
    """Take the next step with every question whose step is due; nothing is locked when none is.

    A project for which that fails is set aside, and costs the others nothing.
    """
    due = due_questions(database_now(), limit=ROUND, but=rounds.put_off(NAME))

    def take_steps(project_ids: Sequence[UUID]) -> None:
        """The next steps of these projects' questions, in one transaction."""
        with project_work(divisible=len(project_ids) > 1) as work:
            load_questions(work, project_ids)
            for project_id, question_id in due:
                if project_id in project_ids:
                    take_next_step(work, question_id)

    rounds.do_round(NAME, {project_id for project_id, _ in due}, take_steps)


def take_next_step(work: ProjectWork, question_id: UUID) -> None:
    """Remind, escalate, or end it, judging the question again now that it is locked."""
    question = work.known(Question, question_id)
    if question is None or question.status != QuestionStatus.OPEN or question.next_step_at > work.now:
        return
    silence = definition_of(question.project.template_id).silence
    if work.now < question.due_at:
        remind(work, question, silence)
    elif question.level < len(silence.escalate_to):
        escalate(work, question, silence)
    else:
        end(work, question, silence)


def remind(work: ProjectWork, question: Question, silence: Silence) -> None:
    """Count a reminder, say so, and set the time of the next one."""
    question.reminders += 1
    question.next_step_at = min(question.due_at, work.now + timedelta(seconds=silence.remind_every_seconds))
    work.change(question, "reminders", "next_step_at")
    logger.info("Reminder %s: “%s” waits for an answer (question %s)", question.reminders, question.title, question.pk)
    reminded: ClarificationQuestionReminded = {**about(question), "reminders": question.reminders}
    work.emit_about(question.project, "CLARIFICATION.QUESTION_REMINDED", reminded)


def escalate(work: ProjectWork, question: Question, silence: Silence) -> None:
    """Hand the question to the next group, whoever held it, with as much time again."""
    question.assigned_to, question.assigned_group = None, silence.escalate_to[question.level]
    question.level += 1
    question.due_at = work.now + timedelta(seconds=silence.due_seconds)
    question.next_step_at = min(question.due_at, work.now + timedelta(seconds=silence.remind_every_seconds))
    work.change(question, "assigned_to", "assigned_group", "level", "due_at", "next_step_at")
    escalated: ClarificationQuestionEscalated = {
        **about(question),
        "group": question.assigned_group,
        "level": question.level,
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_ESCALATED", escalated)


def end(work: ProjectWork, question: Question, silence: Silence) -> None:
    """Apply the policy: take the default, decline, fail the project, or go on waiting."""
    if silence.then == "wait" or (silence.then == "default" and "default" not in question.schema):
        question.due_at = work.now + timedelta(seconds=silence.due_seconds)
        question.next_step_at = question.due_at
        work.change(question, "due_at", "next_step_at")
        return
    expired: ClarificationQuestionExpired = {**about(question), "policy": silence.then}
    work.emit_about(question.project, "CLARIFICATION.QUESTION_EXPIRED", expired)
    if silence.then == "default":
        take_default(work, question)
    elif silence.then == "decline":
        decline_question(work, question=question, by=POLICY, reason="nobody answered in time")
    else:
        fail_for_silence(work, question)


def take_default(work: ProjectWork, question: Question) -> None:
    """Answer with the schema's default; one that does not fit is a fault of the template and is declined."""
    try:
        answer_question(work, question=question, answer=question.schema["default"], by=POLICY, door="policy")
    except ClarificationError as error:
        decline_question(work, question=question, by=POLICY, reason=f"its default is not valid: {error.message}")


def fail_for_silence(work: ProjectWork, question: Question) -> None:
    """EXPIRED, and the project fails."""
    question.expire()
    question.closed_at = work.now
    work.change(question, "status", "closed_at")
    backlog.fail_project(work, question.project, reason=f"Nobody answered “{question.title}” in time.", by=POLICY)
