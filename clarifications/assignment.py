"""Assigning questions: a person assigns a question to themselves, releases it, or hands it to a person or a group."""

from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.walls import belonging_to, organisation_of
from backlog.flow.orchestration import project_work
from backlog.work import ProjectWork
from clarifications.errors import AlreadyClaimed, UnknownAssignee
from clarifications.models import Question, QuestionStatus
from clarifications.selectors import load_questions
from clarifications.services import question_keys, require_open_question
from clarifications.wording import question_title
from schemas.payloads.clarification import ClarificationQuestionAssigned


def claim_question(work: ProjectWork, *, question: Question, by: User) -> Question:
    """Assign the question to the person `by`; idempotent. Raises AlreadyClosed, or AlreadyClaimed if it has another."""
    require_open_question(question)
    if question.assigned_to_id == by.pk:
        return question
    if question.assigned_to is not None:
        raise AlreadyClaimed(
            _("“%(title)s” is held by %(holder)s: ask them, or reassign it.")
            % {"title": question_title(question), "holder": question.assigned_to}
        )
    return assign(work, question, to=by, group=question.assigned_group, by=by)


def release_question(work: ProjectWork, *, question: Question, by: User) -> Question:
    """Remove the person from the question; its group, if any, stays assigned. Idempotent. Raises AlreadyClosed."""
    require_open_question(question)
    if question.assigned_to_id is None:
        return question
    return assign(work, question, to=None, group=question.assigned_group, by=by)


def reassign_question(work: ProjectWork, *, question: Question, to: str, by: User) -> Question:
    """Assign the question to the person of its organisation or the group named `to`; "": anybody may answer.

    Raises AlreadyClosed or UnknownAssignee.
    """
    require_open_question(question)
    if not to:
        return assign(work, question, to=None, group="", by=by)
    people = User.objects.filter(organisation=question.project.organisation_id, is_active=True)
    if person := people.filter(username=to).first():
        return assign(work, question, to=person, group="", by=by)
    if belonging_to(organisation_of(question.project), Group.objects.filter(name=to)).exists():
        return assign(work, question, to=None, group=to, by=by)
    raise UnknownAssignee(_("There is no person and no group called “%(name)s”.") % {"name": to})


def questions_held_by(person: User) -> QuerySet[Question]:
    """Return the open questions, and approvals, that are assigned to the person."""
    return Question.objects.filter(assigned_to=person, status=QuestionStatus.OPEN)


def hand_on_questions(person: User, *, by: str) -> int:
    """Release every open question of the person and return how many; `by` is the name of who does it.

    Each waits for its group then, or for anybody who may answer.
    """
    with project_work() as work:
        load_questions(work, set(questions_held_by(person).values_list("project_id", flat=True)))
        held = [q for q in work.all_loaded(Question) if q.assigned_to_id == person.pk and q.status == "OPEN"]
        for question in held:
            assign(work, question, to=None, group=question.assigned_group, by=by)
    return len(held)


def assign(work: ProjectWork, question: Question, *, to: User | None, group: str, by: User | str) -> Question:
    """Set the question's person and group, and emit CLARIFICATION.QUESTION_ASSIGNED."""
    question.assigned_to, question.assigned_group = to, group
    work.change(question, "assigned_to", "assigned_group")
    assigned: ClarificationQuestionAssigned = {
        **question_keys(question),
        "assigned_to": str(to or ""),
        "assigned_group": group,
        "assigned_by": str(by),
    }
    work.emit_about(question.project, "CLARIFICATION.QUESTION_ASSIGNED", assigned)
    return question
