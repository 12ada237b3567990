"""Queries for questions: those with a `work` load into that unit of work, the others only read."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Group
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.walls import is_within, organisation_of, organisation_seen_by, within_organisation
from backlog.models import Item, Project
from backlog.selectors import count_subquery, keep_projects, locked_projects, project_of
from backlog.state_words import state_in_words
from backlog.work import ProjectWork
from clarifications.entitled import people_who_answer, people_who_approve
from clarifications.errors import UnknownQuestion
from clarifications.models import Blocking, Question, QuestionStatus, Vote
from clarifications.standing_in import Substitution, substitution_of
from events.prepared import Asked, Fixed, Prepared
from events.work import locked

LOCKED_QUESTIONS = Prepared[Question](lambda ids: locked(Question.objects.filter(project_id__in=ids)))
# Which items wait: `question_id` and `item_id`, for these questions, and for the open questions of these projects.
WAITING_ITEMS = Prepared[Any](lambda ids: waiting_items(question_id__in=ids))
WAITING_NOW = Prepared[Any](
    lambda ids: waiting_items(question__project_id__in=ids, question__status=QuestionStatus.OPEN)
)
# The organisations for which compiled queries are kept.
MOST_PREPARED = 64
# The number of waiting questions in the navigation is counted up to this.
MOST_COUNTED = 100
# The people for whom the compiled query of that number is kept: to make it takes 20 times as long as to execute it.
MOST_COUNTED_FOR = 256


def waiting_items(**lookups: Any) -> QuerySet[Blocking, Any]:
    """Return pairs of a question and an item that waits for it, in the order in which they were stored."""
    return Blocking.objects.filter(**lookups).order_by("pk").values("question_id", "item_id")


def load_questions(work: ProjectWork, project_ids: Iterable[UUID]) -> None:
    """Lock the projects and their questions, and set the items that wait for each open question.

    Idempotent. One message to the database for all projects. The projects are locked first, so that no two processes
    can deadlock.
    """
    new = set(project_ids) - work.questions_loaded
    if not new:
        return
    work.questions_loaded |= new
    unlocked = new - work.projects_loaded
    projects, items, questions, waiting = work.ahead.rows_together(*locked_questions(unlocked, new))
    keep_projects(work, unlocked, projects, items)
    loaded = {question.pk: question for question in work.keep_loaded(questions)}
    for question in loaded.values():
        question.blocked = []
        question.project = work.loaded(Project, question.project_id) or question.project
    for pair in waiting:
        if item := work.loaded(Item, pair["item_id"]):
            loaded[pair["question_id"]].blocked.append(item)


def locked_questions(unlocked: set[UUID], ids: set[UUID]) -> list[Asked]:
    """Return the queries that lock the `unlocked` projects, with their items, and the questions of projects."""
    return [*locked_projects(unlocked), (LOCKED_QUESTIONS, ids), (WAITING_NOW, ids)]


def questions_of(work: ProjectWork, project_id: UUID) -> list[Question]:
    """Return the project's questions that this work has loaded or added."""
    return [q for q in work.all_loaded(Question) if q.project_id == project_id]


def open_question(work: ProjectWork, project_id: UUID, field: str) -> Question | None:
    """Return the open question about this field, or None; there is never more than one."""
    matching = (q for q in questions_of(work, project_id) if q.field == field and q.status == QuestionStatus.OPEN)
    return next(matching, None)


def question_of(work: ProjectWork, project_id: UUID, question_id: UUID) -> Question:
    """Return the question of this project, loaded and locked. Raises UnknownProject or UnknownQuestion."""
    load_questions(work, [project_id])
    project_of(work, project_id)
    question = work.loaded(Question, question_id)
    if question is None or question.project_id != project_id:
        words = f"Project {project_id} has no question {question_id}; see `{settings.COMMAND} questions`."
        raise UnknownQuestion(words)
    return question


def question_in(work: ProjectWork, question_id: UUID) -> Question:
    """Return the question with this id, loaded and locked with its project. Raises UnknownQuestion."""
    project_id = Question.objects.filter(pk=question_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise UnknownQuestion(f"There is no question {question_id}; see `{settings.COMMAND} questions --open`.")
    return question_of(work, project_id, question_id)


def questions_with_counts(*, open_only: bool) -> QuerySet[Any]:
    """Return questions, newest first, with `blocked_items`: the number of items that wait or waited for each."""
    held = count_subquery(Blocking.objects.filter(question=OuterRef("pk")), "question")
    with_counts = Question.objects.select_related("project", "answer").annotate(blocked_items=held)
    return with_counts.filter(status=QuestionStatus.OPEN) if open_only else with_counts


def sees_every_question(user: User) -> bool:
    """Return True if the user may see all questions of the organisation, not only those about their own requests."""
    return user.has_perm("clarifications.view_question")


def questions_for(user: User) -> QuerySet[Question]:
    """Return the questions of the user's organisation: all with the permission, else those about their own requests."""
    questions = within_organisation(user, Question.objects.all())
    return questions if sees_every_question(user) else questions.filter(project__owner=user)


def question_for(user: User, question_id: UUID) -> Question | None:
    """Return the question, with nothing loaded beside it, if there is one and the user may see it; else None."""
    if sees_every_question(user):
        return questions_within(organisation_seen_by(user)).row(question_id)
    return questions_for(user).filter(pk=question_id).first()


@lru_cache(MOST_PREPARED)
def questions_within(organisation: int | None) -> Prepared[Question]:
    """Return the query for questions of this organisation by their ids; None: of every organisation."""
    return Prepared(lambda ids: all_questions(organisation).filter(pk__in=ids))


def all_questions(organisation: int | None) -> QuerySet[Question]:
    """Return the questions of this organisation; None: of every organisation."""
    questions = Question.objects.all()
    return questions if organisation is None else questions.filter(project__organisation=organisation)


def answerable_by(user: User) -> QuerySet[Question]:
    """Return the open questions that the user may answer.

    Users with the permission answer any question; requesters answer input questions about their own requests that
    are not assigned to another person or group. Approvals are given by a signed-in person with the permission: not by
    a requester, not by a service account, and not by an API key.
    """
    answerable = questions_for(user).filter(status=QuestionStatus.OPEN)
    if user.is_service or user.key is not None:
        answerable = answerable.filter(kind=Question.Kind.INPUT)
    if user.has_perm("clarifications.change_question"):
        return answerable
    anybody = for_anybody(organisation_seen_by(user))
    return answerable.filter(anybody | Q(assigned_to=user), kind=Question.Kind.INPUT)


def answerable_among(user: User, questions: Sequence[Question]) -> set[UUID]:
    """Return the ids of those loaded questions that the user may answer, by the rule of `answerable_by`.

    One query, or none for staff, who may see and answer every question of their organisation.
    """
    if not (user.has_perm("clarifications.view_question") and user.has_perm("clarifications.change_question")):
        return set(answerable_by(user).filter(pk__in=[q.pk for q in questions]).values_list("pk", flat=True))
    inputs_only = user.is_service or user.key is not None
    own = [q for q in questions if is_within(user, organisation_of(q.project))]
    open_ones = [q for q in own if q.status == QuestionStatus.OPEN]
    return {q.pk for q in open_ones if q.kind == Question.Kind.INPUT or not inputs_only}


def has_approved(user: User) -> Q:
    """Return the condition for questions that the user has approved and that wait for other people as well."""
    return Q(Exists(Vote.objects.filter(question=OuterRef("pk"), voter=user)))


def staffed_groups(organisation: int | None) -> QuerySet[Group]:
    """Return the groups with a member who may answer; a question assigned to any other group waits for anybody."""
    return Group.objects.filter(user__in=people_who_answer(organisation))


def has_no_holder(organisation: int | None) -> Q:
    """Return the condition for questions that have no assigned person, or one who cannot answer them any more.

    `organisation` is that of the questions; None: of every organisation.
    """
    own = Q(assigned_to=F("project__owner"), assigned_to__is_active=True, kind=Question.Kind.INPUT)
    if organisation is not None:
        own &= Q(assigned_to__organisation=organisation)
    held = Q(assigned_to__in=people_who_answer(organisation).values("pk")) | own
    return Q(assigned_to=None) | ~held


def for_anybody_among(questions: Sequence[Question]) -> set[UUID]:
    """Return the ids of those loaded questions that wait for anybody who may answer; see `for_anybody`.

    One query, or none if no question is assigned.
    """
    assigned = [q.pk for q in questions if q.assigned_to_id is not None or q.assigned_group]
    waiting = {q.pk for q in questions}.difference(assigned)
    if assigned:
        organisations = {q.project.organisation_id for q in questions}
        anybodys = [Q(project__organisation=number) & for_anybody(number) for number in organisations]
        found = Question.objects.filter(reduce(or_, anybodys), pk__in=assigned)
        waiting |= set(found.values_list("pk", flat=True))
    return waiting


def for_anybody(organisation: int | None) -> Q:
    """Return the condition for questions that anybody may answer: no assigned person or group can answer them.

    `organisation` is that of the questions; None: of every organisation.
    """
    return has_no_holder(organisation) & is_for_no_group(organisation)


def is_for_no_group(organisation: int | None) -> Q:
    """Return the condition for questions that have no assigned group, or one in which nobody can answer."""
    return Q(assigned_group="") | ~Q(assigned_group__in=staffed_groups(organisation).values("name"))


def people_waited_for(question: Question) -> QuerySet[User]:
    """Return the people for whom the question waits, as `waiting_questions` has it, without those who stand in.

    Two queries, however many they are.
    """
    if question.status != QuestionStatus.OPEN:
        return User.objects.none()
    this, organisation = Question.objects.filter(pk=question.pk), question.project.organisation_id
    is_anybodys = this.filter(for_anybody(organisation)).exists()
    is_unheld = this.filter(has_no_holder(organisation)).exists()
    waits, may = Q(pk=question.assigned_to_id), Q(pk__in=people_who_answer(organisation).values("pk"))
    if is_anybodys:
        waits = Q(pk__isnull=False)
    elif is_unheld:
        waits = Q(groups__name=question.assigned_group)
    owner = Q(pk=question.project.owner_id, organisation=organisation)
    is_input = question.kind == Question.Kind.INPUT
    may = (may | (owner if is_anybodys else owner & Q(pk=question.assigned_to_id))) if is_input else may & ~owner
    if not is_input:
        may &= Q(pk__in=people_who_approve(question).values("pk")) & ~Q(votes__question=question)
    return User.objects.filter(waits, may, is_active=True, is_service=False).distinct()


def is_only_for_others(user: User, question: Question) -> bool:
    """Return True if the question, which the user may see, is open and the user may not answer it.

    One query, since the question may be closed by another process at any moment; none where `answerable_by` has every
    open question of its kind.
    """
    may_answer_all = user.has_perm("clarifications.view_question") and user.has_perm("clarifications.change_question")
    if may_answer_all and (question.kind == Question.Kind.INPUT or not (user.is_service or user.key)):
        return False
    others = Question.objects.filter(pk=question.pk, status=QuestionStatus.OPEN)
    return others.exclude(pk__in=answerable_by(user).values("pk")).exists()


def assigned_to_user(user: User) -> Q:
    """Return the condition for questions assigned to the user, or to somebody who is away and has the user stand in."""
    return held_by(user, substitution_of(user))


def held_by(user: User, standing: Substitution) -> Q:
    """Return the condition of `assigned_to_user`, for whoever the user stands in for."""
    held = Q(assigned_to=user)
    if standing.absent:
        held |= standing.held & ~has_no_holder(organisation_seen_by(user)) & standing.permitted
    return held & ~has_approved(user)


def waits_for_groups_of(user: User) -> Q:
    """Return the condition for questions without a person that wait for one of the user's groups, or for anybody.

    The groups of somebody who is away, and has the user stand in, count as well.
    """
    return for_groups_of(user, substitution_of(user))


def for_groups_of(user: User, standing: Substitution) -> Q:
    """Return the condition of `waits_for_groups_of`, for whoever the user stands in for."""
    organisation = organisation_seen_by(user)
    groups = Q(assigned_group__in=user.groups.values("name")) | is_for_no_group(organisation)
    if standing.absent:
        groups |= standing.of_groups & standing.permitted
    return has_no_holder(organisation) & groups & ~has_approved(user)


def waits_for(user: User) -> Q:
    """Return the condition for questions that wait for the user, their groups, or anybody, stood in for or not."""
    return either(user, substitution_of(user))


def either(user: User, standing: Substitution) -> Q:
    """Return the condition of `waits_for`, for whoever the user stands in for."""
    return held_by(user, standing) | for_groups_of(user, standing)


def waiting_questions(user: User) -> QuerySet[Question]:
    """Return the open questions that the user may answer and that wait for the user, their groups, or anybody."""
    return answerable_by(user).filter(waits_for(user))


def count_waiting_for(user: User) -> int:
    """Return the number of questions that wait for the user, at most MOST_COUNTED."""
    rights = user.has_perm("clarifications.view_question"), user.has_perm("clarifications.change_question")
    kind = user.is_service, user.key is not None
    standing = substitution_of(user)
    return len(counted_for(user, standing, user.organisation_id, organisation_seen_by(user), rights, kind).rows())


@lru_cache(MOST_COUNTED_FOR)
def counted_for(user: User, standing: Substitution, *depends_on: Any) -> Fixed[Any]:
    """Return the query of `count_waiting_for`; `depends_on` is all else that it reads from the user."""
    return Fixed(lambda: answerable_by(user).filter(either(user, standing)).order_by().values("pk")[:MOST_COUNTED])


def due_questions(now: datetime, *, limit: int, excluding: QuerySet[Any, UUID]) -> list[tuple[UUID, UUID]]:
    """Return up to `limit` (project id, question id) of open questions whose next step is due, earliest first.

    Projects in `excluding` are left out.
    """
    due = Question.objects.filter(status=QuestionStatus.OPEN, next_step_at__lte=now).exclude(project_id__in=excluding)
    return list(due.order_by("next_step_at").values_list("project_id", "pk")[:limit])


def items_waiting_for(question: Question) -> list[tuple[Item, str]]:
    """Return the items that wait or waited for the question, each with its state in words."""
    items = Item.objects.filter(blockings__question=question).order_by("position")
    return [(item, state_in_words(item)) for item in items]
