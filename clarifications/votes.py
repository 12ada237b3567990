"""Approvals by several people, or by people of certain groups, where a template says so (`approvers`).

Each approval is a vote. Votes are counted under the lock of the question's project, so two that come at once are never
counted twice, and only votes of people who may still approve count. A rejection closes the question, and the next
approval of the item is a new question: it begins without votes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from backlog.flow.definition_of_done import unmet_criteria
from backlog.models import Item
from backlog.policy import is_own
from backlog.work import ProjectWork
from clarifications.entitled import approvers_at, people_who_approve
from clarifications.errors import AlreadyApproved, NotApprover, NotesMissing
from clarifications.models import Question, QuestionStatus, Vote
from pages.phrases import names_in_words

# The most names of people who can approve that a sentence has.
MOST_NAMED = 10


@dataclass(frozen=True)
class Ballot:
    """One person's place in the approval of a question: who votes, and whose votes count, without this one."""

    question: Question
    voter: User
    counted: tuple[User, ...]
    has_voted: bool

    @property
    def is_last(self) -> bool:
        """True if this person's approval is the last one that the question needs."""
        return len(self.counted) + 1 >= approvers_at(self.question.project.template_id, self.question.field).needed


@dataclass(frozen=True)
class Approvals:
    """The approvals of a question: how many it needs, who has approved, and who can still do so."""

    needed: int
    by: tuple[str, ...]
    can: tuple[str, ...]

    @property
    def words(self) -> str:
        """How many approvals there are of those needed, and by whom."""
        values = {"given": len(self.by), "needed": self.needed, "names": names_in_words(self.by)}
        if not self.by:
            return _("Approvals: %(given)s of %(needed)s.") % values
        return _("Approvals: %(given)s of %(needed)s, by %(names)s.") % values

    @property
    def can_in_words(self) -> str:
        """Who can still approve; what to do if nobody can."""
        if not self.can:
            return _("Nobody can approve it now: the groups that the template names need more members.")
        return _("Who can approve it: %(names)s.") % {"names": names_in_words(self.can[:MOST_NAMED])}


def ballot_of(work: ProjectWork, question: Question, by: str) -> Ballot | None:
    """Return the place of the account `by` in the approval; None where the template does not say who approves.

    Two queries, and none for None. Raises NotApprover if the account may not approve this.
    """
    if not approvers_at(question.project.template_id, question.field).are_named:
        return None
    work.keep_loaded(Vote.objects.filter(question=question))
    votes = {vote.voter_id for vote in work.all_loaded(Vote) if vote.question_id == question.pk}
    allowed = people_who_approve(question).filter(Q(username=by) | Q(pk__in=votes)).distinct()
    people = [person for person in allowed if not is_own(question.blocked[0], person.get_username())]
    voter = next((person for person in people if person.get_username() == by), None)
    if voter is None:
        words = _("%(by)s may not approve this or send it back. %(who)s")
        raise NotApprover(words % {"by": by, "who": approvals_of(question).can_in_words})
    counted = tuple(person for person in people if person.pk in votes and person != voter)
    return Ballot(question, voter, counted, has_voted=voter.pk in votes)


def require_fitting_decision(item: Item, answer: Mapping[str, Any], ballot: Ballot | None, by: str) -> None:
    """Raise AlreadyApproved for a second approval by one person, or NotesMissing if a reason has to be given."""
    if answer["approved"] and ballot and ballot.has_voted and not ballot.is_last:
        raise AlreadyApproved(_("%(by)s has approved this already: other people have to as well.") % {"by": by})
    if not answer["approved"] and not answer.get("notes", "").strip():
        raise NotesMissing(_("Say in the notes what should be done differently: they go to the worker."))
    if answer["approved"] and not answer.get("notes", "").strip() and accepted_by_waiver(item):
        raise NotesMissing(_("Say in the notes why this is accepted although checks failed: the reason is kept."))


def accepted_by_waiver(item: Item) -> bool:
    """Return True if approving the item's finished work waives criteria that are not met."""
    return bool(item.held_for and unmet_criteria(item, item.evidence or {}))


def add_vote(work: ProjectWork, ballot: Ballot, *, door: str, event_id: UUID) -> None:
    """Record the person's approval, once: it is their own, also while they stand in for somebody."""
    question = ballot.question
    if not ballot.has_voted:
        work.add(Vote(question=question, voter=ballot.voter, door=door, voted_at=work.now, event_id=event_id))
    work.note_change(question.project)


def approvals_of(question: Question) -> Approvals:
    """Return the approvals of the question: of an open one those that still count. Two or three queries."""
    votes = Vote.objects.filter(question=question).select_related("voter")
    voters = {vote.voter_id: vote.voter.get_username() for vote in votes}
    can: dict[int, str] = {}
    if question.status == QuestionStatus.OPEN:
        item = Item.objects.select_related("project__owner", "done_by").get(blockings__question=question)
        people = people_who_approve(question).order_by("username").distinct()
        can = {person.pk: person.get_username() for person in people if not is_own(item, person.get_username())}
        voters = {pk: name for pk, name in voters.items() if pk in can}
    needed = approvers_at(question.project.template_id, question.field).needed
    still = tuple(name for pk, name in can.items() if pk not in voters)
    return Approvals(needed, tuple(voters.values()), still)


def named_approvals(question: Question) -> Approvals | None:
    """Return the approvals of a question for which the template says who approves; None for any other."""
    if question.kind != Question.Kind.APPROVAL:
        return None
    return approvals_of(question) if approvers_at(question.project.template_id, question.field).are_named else None


def settled_words(question: Question, words: str) -> str:
    """Return what to tell who answered: `words`, or how many approvals there are if the question is still open."""
    approvals = named_approvals(question) if question.status == QuestionStatus.OPEN else None
    return f"{approvals.words} {approvals.can_in_words}" if approvals else words
