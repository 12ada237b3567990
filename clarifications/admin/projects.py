"""The admin pages of projects, with their questions; `staff.reviewing` registers them with the report as well."""

from typing import Any

from django.http import HttpRequest

from backlog.admin.projects import ProjectAdmin
from backlog.models import Project
from clarifications.models import Question


class ProjectWithQuestionsAdmin(ProjectAdmin):
    """The list of projects and a project's page, with the project's questions on it."""

    def detail(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        """Return the context of the project's page, with its questions in the order in which they were asked."""
        asked = Question.objects.filter(project=obj).select_related("answer", "assigned_to").order_by("asked_at")
        return {**super().detail(request, obj), "questions": asked}
