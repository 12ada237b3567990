"""For whom an open question waits once somebody is away: who is told of it, and for whom a stand-in decides it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.absences.reading import Absent
from accounts.audit import AuditRecord, unsaved_entry
from accounts.models import User
from accounts.walls import organisation_of
from backlog.work import ProjectWork
from clarifications.entitled import people_who_answer, people_who_approve
from clarifications.models import Question
from clarifications.selectors import people_waited_for
from clarifications.standing_in import absent_in, load_absences, values_of


@dataclass(frozen=True)
class Addressees:
    """The people for whom a question waits; `covered` has, for those who are away, the number of who stands in."""

    waited_for: QuerySet[User]
    covered: Mapping[int, int]

    def among(self, people: QuerySet[User]) -> Q:
        """Return the condition for those of the people for whom the question waits.

        In the place of each who is away comes who stands in.
        """
        here = people.filter(pk__in=self.waited_for.values("pk"))
        if not self.covered:
            return Q(pk__in=here.values("pk"))
        away = here.filter(pk__in=self.covered).values_list("pk", flat=True)
        instead = [self.covered[number] for number in away]
        return Q(pk__in=here.exclude(pk__in=self.covered).values("pk")) | Q(pk__in=instead)


def addressees_of(question: Question, by: Q) -> Addressees:
    """Return who is to be told of the open question: three queries, and a few more where somebody is away.

    A stand-in whom `by` cannot reach is passed over: then the person is told all the same.
    """
    covered = covered_people(question, absent_in(question.project.organisation_id))
    stand_ins = User.objects.filter(by, pk__in=[one.stand_in for one in covered])
    reached = set(stand_ins.values_list("pk", flat=True)) if covered else set()
    return Addressees(
        people_waited_for(question), {one.person: one.stand_in for one in covered if one.stand_in in reached}
    )


def covered_people(question: Question, people: Mapping[int, Absent]) -> list[Absent]:
    """Return those of the absent people for whom the question waits and whose stand-in may decide it.

    Without an absent person no query; else four or five, however many they are.
    """
    waited_for = people_waited_for(question).filter(pk__in=people).values_list("pk", flat=True) if people else ()
    away = [people[number] for number in waited_for]
    if not away:
        return []
    able = set(people_who_decide(question).filter(pk__in=[one.stand_in for one in away]).values_list("pk", flat=True))
    return [one for one in away if one.stand_in in able]


def people_who_decide(question: Question) -> QuerySet[User]:
    """Return the people who may answer the question, or approve what is not their own and not approved by them yet."""
    if question.kind == Question.Kind.INPUT:
        return people_who_answer(question.project.organisation_id)
    own = Q(pk=question.project.owner_id or 0) | Q(votes__question=question)
    return people_who_approve(question).exclude(own)


def absent_for(question: Question, name: str, people: Mapping[int, Absent]) -> Absent | None:
    """Return the person for whom the account `name` decides the question; None if it does so for itself.

    No query unless the account stands in for one of the absent people.
    """
    own = {number: one for number, one in people.items() if one.stand_in_name == name}
    if not own or people_waited_for(question).filter(username=name).exists():
        return None
    return next(iter(covered_people(question, own)), None)


def stand_in_words(question: Question, user: User) -> str:
    """Return for which person, who is away, the user is asked the open question; "" if for themselves."""
    people = absent_in(question.project.organisation_id)
    absent = absent_for(question, user.get_username(), people)
    return _("You are asked for %(name)s, who is away until %(day)s.") % values_of(absent) if absent else ""


def holder_words(question: Question) -> str:
    """Return that who holds the open question is away, and who stands in and may decide it; "" if nobody does."""
    covered = covered_people(question, absent_in(question.project.organisation_id))
    absent = next((one for one in covered if one.person == question.assigned_to_id), None)
    if absent is None:
        return ""
    words = _("%(stand_in)s is asked for %(name)s, who is away until %(day)s.")
    return words % {"stand_in": absent.stand_in_name, **values_of(absent)}


def record_stand_in(work: ProjectWork, question: Question, by: str) -> str:
    """Return the name of the person for whom the account `by` decides the open question, "" if for itself.

    A decision for another person is put into the audit log.
    """
    load_absences(work, [question.project_id])
    absent = absent_for(question, by, work.absent)
    if absent is None:
        return ""
    record = unsaved_entry(
        AuditRecord.Action.ANSWERED_FOR,
        target=absent.name,
        target_id=absent.person,
        details=f"question {question.pk} ({question.field})",
        organisation=organisation_of(question.project),
    )
    # Whoever came by a link or an event is not signed in, and decides as this account all the same.
    record.actor, record.actor_id = by, absent.stand_in
    record.save()
    return absent.name
