"""Queries for the portal: a person's own requests and questions, and what the person may do with them."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.walls import within_organisation
from backlog.models import Project
from backlog.selectors import may_end, projects_with_counts
from backlog.states import OVER_STATUSES
from clarifications.models import Question
from clarifications.selectors import answerable_by, questions_for


def own_projects(user: User, part: slice, *, words: str = "", status: str = "") -> QuerySet[Any]:
    """Return the slice `part` of the person's own requests, newest first, with `items_total` and `items_done`.

    `words` is a part of the title or a complete id; `status` is a state.
    """
    projects = within_organisation(user, Project.objects.filter(owner=user))
    if words:
        projects = projects.filter(has_words_or_id(words))
    if status:
        projects = projects.filter(status=status)
    # Slice before counting items: otherwise a late page would count the items of all pages before it.
    ids = projects.order_by("-opened_at", "id").values("pk")[part]
    return projects_with_counts().select_related(None).filter(pk__in=ids).order_by("-opened_at", "id")


def open_project_with_file(user: User, sha256: str) -> Project | None:
    """Return the person's newest project that is not over and was opened with a file of this content; None if none."""
    projects = within_organisation(user, Project.objects.filter(owner=user, intake__sha256=sha256))
    return projects.exclude(status__in=OVER_STATUSES).order_by("-opened_at", "id").first()


def has_words_or_id(words: str) -> Q:
    """Return the condition for projects with this id, or, if the words are no id, with the words in their title."""
    try:
        return Q(pk=UUID(words))
    except ValueError:
        return Q(title__icontains=words)


def questions_to_answer(user: User) -> QuerySet[Question]:
    """Return the open questions that the person may answer in the portal, most urgent first; no approvals."""
    return answerable_by(user).filter(kind=Question.Kind.INPUT).select_related("project").order_by("due_at", "id")


def own_questions(user: User) -> QuerySet[Question]:
    """Return the open questions about the person's own requests that the person may answer, most urgent first."""
    return questions_to_answer(user).filter(project__owner=user)


def readable_questions(user: User) -> QuerySet[Question]:
    """Return the questions, open or closed, that the person may see; no approvals."""
    questions = questions_for(user).filter(kind=Question.Kind.INPUT)
    return questions.select_related("project", "assigned_to", "answer")


def may_cancel(user: User, project: Project) -> bool:
    """Return True if the project has not ended and the person may cancel it."""
    return project.status not in OVER_STATUSES and may_end(user, project)
