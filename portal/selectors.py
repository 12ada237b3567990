"""What a person sees of their own requests, and what they may do there."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from backlog.models import Project
from backlog.selectors import may_end, projects_with_counts
from backlog.states import OVER
from clarifications.models import Question
from clarifications.selectors import answerable_by, questions_for


def own_projects(user: User, shown: slice, *, words: str = "", status: str = "") -> QuerySet[Any]:
    """A slice of the person's own requests, newest first, with `items_total` and `items_done`.

    `words` are a part of the title, or the whole id; `status` is one state.
    """
    found = Project.objects.filter(owner=user)
    if words:
        found = found.filter(titled_or_numbered(words))
    if status:
        found = found.filter(status=status)
    # Sliced before it is counted: a far page would count the items of every page before it.
    ids = found.order_by("-opened_at", "id").values("pk")[shown]
    return projects_with_counts().select_related(None).filter(pk__in=ids).order_by("-opened_at", "id")


def titled_or_numbered(words: str) -> Q:
    """Projects whose title holds the words, or whose id they are."""
    try:
        return Q(pk=UUID(words))
    except ValueError:
        return Q(title__icontains=words)


def to_answer(user: User) -> QuerySet[Question]:
    """The open questions that the person may answer here, the most urgent first; approvals are the staff's."""
    return answerable_by(user).filter(kind=Question.Kind.INPUT).select_related("project").order_by("due_at", "id")


def own_questions(user: User) -> QuerySet[Question]:
    """What waits for the person in their own requests."""
    return to_answer(user).filter(project__owner=user)


def readable_questions(user: User) -> QuerySet[Question]:
    """Questions for a figure or a fact, open or closed, that the person may see."""
    seen = questions_for(user).filter(kind=Question.Kind.INPUT)
    return seen.select_related("project", "assigned_to", "answer")


def may_cancel(user: User, project: Project) -> bool:
    """Whether the person may cancel the project, which is not over yet."""
    return project.status not in OVER and may_end(user, project)
