"""A project's page with what was asked about it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from backlog.admin.projects import ProjectAdmin
from backlog.models import Project
from clarifications.models import Question


@admin.register(Project)
class ProjectWithQuestionsAdmin(ProjectAdmin):
    """A project's page with its questions."""

    def detail(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        """Everything that is known of the project, and what was asked about it."""
        asked = Question.objects.filter(project=obj).select_related("answer", "assigned_to").order_by("asked_at")
        return {**super().detail(request, obj), "questions": asked}
