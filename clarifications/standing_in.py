"""Who stands in for somebody who is away, at which questions.

Inbox, numbers, links, mails, devices, chats and records all ask here, so that they agree. Standing in changes for whom
a question waits, and never who may answer it: a stand-in has to have the right for themselves, has one vote, and is
refused whatever they would be refused otherwise. Nothing is stored with the question, so the end of an absence needs
no work: the question waits for its person as before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.absences.reading import Absent, absent_people, current_absences
from accounts.models import User
from accounts.walls import organisation_seen_by
from backlog.models import Project
from backlog.work import ProjectWork
from clarifications.entitled import approvers_at, people_who_answer
from clarifications.models import Question, QuestionStatus, Vote
from events.prepared import Fixed, Prepared

# The organisations for which the compiled query is kept.
MOST_ORGANISATIONS = 64
MEMBERSHIPS: Any = User.groups.through
# Who is away now in the organisations of these projects.
ABSENCES_AT = Prepared[Any](
    lambda ids: current_absences(Project.objects.filter(pk__in=ids).order_by().values("organisation"))
)


@dataclass(frozen=True)
class Substitution:
    """For whom a user stands in now; `refused` are the (template, field) of approvals that the user may not give."""

    user: int
    absent: tuple[Absent, ...] = ()
    refused: tuple[tuple[int, str], ...] = ()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the people for whom the user stands in."""
        return [one.person for one in self.absent]

    @property
    def permitted(self) -> Q:
        """The condition for questions that the user, who may answer, may decide."""
        refused = Q(project__owner=self.user)
        for template, field in self.refused:
            refused |= Q(project__template=template, field=field)
        return Q(kind=Question.Kind.INPUT) | ~refused

    @property
    def held(self) -> Q:
        """The condition for questions that are assigned to one of these people."""
        return Q(assigned_to__in=self.numbers)

    @property
    def of_groups(self) -> Q:
        """The condition for questions whose group has one of these people in it, who may answer and has not yet."""
        able = people_who_answer(None).filter(pk__in=self.numbers)
        members = MEMBERSHIPS.objects.filter(user__in=able.values("pk"), group__name=OuterRef("assigned_group"))
        voted = Vote.objects.filter(question=OuterRef(OuterRef("pk")), voter=OuterRef("user"))
        return Q(Exists(members.exclude(Exists(voted))))

    def covers(self, question: Question) -> bool:
        """Return True if the user may decide the loaded question, as `permitted` has it."""
        is_own = question.project.owner_id == self.user
        refused = (question.project.template_id, question.field) in self.refused
        return question.kind == Question.Kind.INPUT or not (is_own or refused)


@lru_cache(MOST_ORGANISATIONS)
def absences_of(organisation: int | None) -> Fixed[dict[str, Any]]:
    """Return the query for who is away now among the people of this organisation; None: of every one."""
    return Fixed(lambda: current_absences(None if organisation is None else [organisation]))


def absent_in(organisation: int | None) -> dict[int, Absent]:
    """Return {number: who stands in} of people of this organisation who are away now. One query."""
    return absent_people(absences_of(organisation).rows())


def load_absences(work: ProjectWork, project_ids: Iterable[UUID]) -> None:
    """Set who is away in the organisations of these projects. Idempotent; one query for all of them."""
    if new := set(project_ids) - work.absences_loaded:
        work.absences_loaded |= new
        [rows] = work.ahead.rows_together((ABSENCES_AT, new))
        work.absent |= absent_people(rows)


def substitution_of(user: User) -> Substitution:
    """Return for whom the user stands in now, which is nobody without the right to answer other people's questions.

    One query, and two more for somebody who does stand in.
    """
    rows = absences_of(organisation_seen_by(user)).rows()
    if all(row["stand_in_id"] != user.pk for row in rows):  # nearly everybody, with each page
        return Substitution(user.pk)
    return substitution_among(user, absent_people(rows))


def substitution_among(user: User, people: dict[int, Absent]) -> Substitution:
    """Return for whom of these absent people the user stands in."""
    absent = tuple(one for one in people.values() if one.stand_in == user.pk)
    if not absent or not user.has_perm("clarifications.change_question"):
        return Substitution(user.pk)
    return Substitution(user.pk, absent, refused_approvals(user, [one.person for one in absent]))


def refused_approvals(user: User, absent: Sequence[int]) -> tuple[tuple[int, str], ...]:
    """Return the (template, field) of open approvals of these people that are for groups without the user."""
    of_people = Q(assigned_to__in=absent) | Q(assigned_group__in=Group.objects.filter(user__in=absent).values("name"))
    waiting = Question.objects.filter(of_people, status=QuestionStatus.OPEN, kind=Question.Kind.APPROVAL)
    own = set(user.groups.values_list("name", flat=True))
    pairs = waiting.order_by().values_list("project__template_id", "field").distinct()
    named = [(template, field, approvers_at(template, field).groups) for template, field in pairs]
    return tuple(sorted((template, field) for template, field, groups in named if groups and own.isdisjoint(groups)))


# -- in words --------------------------------------------------------------------------------------
def values_of(absent: Absent) -> dict[str, str]:
    """Return the `name` of the person and the last `day` of the absence, for a sentence in the reader's language."""
    return {"name": absent.name, "day": date_format(absent.last_day, "DATE_FORMAT")}


def for_in_words(absent: Absent) -> str:
    """Return for whom a stand-in is asked, and until when that person is away."""
    return _("for %(name)s, who is away until %(day)s") % values_of(absent)


def away_in_words(absent: Absent) -> str:
    """Return the name of the person, and until when they are away."""
    return _("%(name)s, who is away until %(day)s") % values_of(absent)


def holders_in_words(questions: Iterable[Question], user: User) -> dict[UUID, str]:
    """Return {question: for whom it waits, in words} of the loaded open questions that wait for somebody who is away.

    Whoever stands in reads that it is for that person. One query, and three more for somebody who stands in.
    """
    people, words = absent_in(organisation_seen_by(user)), dict[UUID, str]()
    if not people:
        return words
    substitution = substitution_among(user, people)
    members = members_of_groups(substitution, user)
    for question in (one for one in questions if one.status == QuestionStatus.OPEN):
        held = people.get(question.assigned_to_id or 0)
        absent = held or (None if question.assigned_to_id else members.get(question.assigned_group))
        if absent is not None:
            is_covered = absent.person in substitution.numbers and substitution.covers(question)
            words[question.pk] = for_in_words(absent) if is_covered else away_in_words(absent)
    return words


def members_of_groups(substitution: Substitution, user: User) -> dict[str, Absent]:
    """Return {group: its member for whom the user stands in} of groups in which the user is not."""
    if not substitution.absent:
        return {}
    absent = {one.person: one for one in substitution.absent}
    others: QuerySet[Any, Any] = MEMBERSHIPS.objects.filter(user__in=absent).exclude(group__in=user.groups.values("pk"))
    return {name: absent[number] for number, name in others.values_list("user_id", "group__name")}
