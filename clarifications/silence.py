"""What happens when nobody answers a question: reminders, escalation to the next group, then the template's policy."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext_noop

from backlog import services as backlog
from backlog.blueprints import definition_of
from backlog.blueprints.definition import Silence
from backlog.flow.orchestration import project_work
from backlog.work import ProjectWork
from clarifications.errors import ClarificationError
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import due_questions, load_questions
from clarifications.services import answer_question, close, close_declined, question_keys
from events import rounds
from events.clock import database_now
from pages.stored_sentences import stored_form
from schemas.payloads.clarification import (
    ClarificationQuestionEscalated,
    ClarificationQuestionExpired,
    ClarificationQuestionReminded,
)

logger = logging.getLogger(__name__)

# The most questions of one round, so that its transaction stays short; a round is done every second.
MOST_IN_A_ROUND = 200
ROUND_NAME = gettext_noop("unanswered questions")
NOBODY = gettext_noop("nobody answered in time")
UNANSWERED = stored_form(gettext_noop("Nobody answered “%(title)s” in time."))
# The name that answers and declines of the system itself are recorded under.
POLICY = "silence policy"


def act_on_silence() -> None:
    """Remind, escalate or end each question whose next step is due; take no lock if none is due.

    A project for which this fails is set aside with its reason, and the other projects are still handled.
    """
    due = due_questions(database_now(), limit=MOST_IN_A_ROUND, excluding=rounds.left_out_projects(ROUND_NAME))

    def take_steps(project_ids: Sequence[UUID]) -> None:
        """Take the next step of each due question of these projects, in one transaction."""
        with project_work(divisible=len(project_ids) > 1) as work:
            load_questions(work, project_ids)
            for project_id, question_id in due:
                if project_id in project_ids:
                    take_next_step(work, question_id)

    rounds.do_round(ROUND_NAME, {project_id for project_id, _ in due}, take_steps)


def take_next_step(work: ProjectWork, question_id: UUID) -> None:
    """Remind, escalate or apply the policy, if the question is still open and due now that it is locked."""
    question = work.loaded(Question, question_id)
    if question is None or question.status != QuestionStatus.OPEN or question.next_step_at > work.now:
        return
    silence = definition_of(question.project.template_id).silence
    if work.now < question.due_at:
        remind(work, question, silence)
    elif question.level < len(silence.escalate_to):
        escalate(work, question, silence)
    else:
        apply_policy(work, question, silence)


def remind(work: ProjectWork, question: Question, silence: Silence) -> None:
    """Count a reminder, emit CLARIFICATION.QUESTION_REMINDED, and set the time of the next step."""
    question.reminders += 1
    question.next_step_at = min(question.due_at, work.now + timedelta(seconds=silence.remind_every_seconds))
    work.change(question, "reminders", "next_step_at")
    logger.info("Reminder %s: question %s waits for an answer", question.reminders, question.pk)
    reminded: ClarificationQuestionReminded = {**question_keys(question), "reminders": question.reminders}
    work.emit_about(question.project, "CLARIFICATION.QUESTION_REMINDED", reminded)


def escalate(work: ProjectWork, question: Question, silence: Silence) -> None:
    """Assign the question to the next group of the template, remove its person, and start the time again."""
    question.assigned_to, question.assigned_group = None, silence.escalate_to[question.level]
    question.level += 1
    question.due_at = work.now + timedelta(seconds=silence.due_seconds)
    question.next_step_at = min(question.due_at, work.now + timedelta(seconds=silence.remind_every_seconds))
    work.change(question, "assigned_to", "assigned_group", "level", "due_at", "next_step_at")
    escalated: ClarificationQuestionEscalated = {
        **question_keys(question),
        "group": question.assigned_group,
        "level": question.level,
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_ESCALATED", escalated)


def apply_policy(work: ProjectWork, question: Question, silence: Silence) -> None:
    """Apply the template's policy: answer with the default, decline, fail the project, or wait again.

    The policy `default` waits if the question's schema has no default.
    """
    if silence.then == "wait" or (silence.then == "default" and "default" not in question.schema):
        question.due_at = work.now + timedelta(seconds=silence.due_seconds)
        question.next_step_at = question.due_at
        work.change(question, "due_at", "next_step_at")
        return
    expired: ClarificationQuestionExpired = {**question_keys(question), "policy": silence.then}
    work.emit_about(question.project, "CLARIFICATION.QUESTION_EXPIRED", expired)
    if silence.then == "default":
        take_default(work, question)
    elif silence.then == "decline":
        close_declined(work, question=question, by=POLICY, reason=NOBODY)
    else:
        fail_for_silence(work, question)


def take_default(work: ProjectWork, question: Question) -> None:
    """Answer with the default in the schema; if that is invalid, decline the question with the reason."""
    try:
        answer_question(work, question=question, answer=question.schema["default"], by=POLICY, door="policy")
    except ClarificationError as error:
        close_declined(work, question=question, by=POLICY, reason=f"its default is not valid: {error.message}")


def fail_for_silence(work: ProjectWork, question: Question) -> None:
    """Mark the question EXPIRED and fail its project."""
    question.expire()
    close(work, question)
    backlog.fail_project(work, question.project, reason=UNANSWERED % {"title": question.title}, by=POLICY)
