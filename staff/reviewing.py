"""The report on the admin's pages: for the person who approves it, and on the page of its project.

The pages are registered here: the rooms of questions and projects stand below the room of reports.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from backlog.models import Item, Project
from clarifications.admin.projects import ProjectWithQuestionsAdmin
from clarifications.admin.questions import QuestionAdmin
from clarifications.models import Question
from reports.building import report_of
from reports.exports.formats import Format
from reports.reviews import review_of
from workers.agents import AGENTS


@admin.register(Question)
class QuestionWithReportAdmin(QuestionAdmin):
    """The inbox and the page of a question; that of an approval shows the report and what changed in it."""

    detail_template = "admin/clarifications/question/with_report.html"

    def detail(self, request: HttpRequest, obj: Question) -> dict[str, Any]:
        """Return the context of the question's page, with the report that an approval is about."""
        context = super().detail(request, obj)
        item = context["approval"].get("item")
        words = notes_in_words(item) if item and context["is_open"] else ""
        return {**context, "review": review_of(obj), "who_reads_notes": words}


@admin.register(Project)
class ProjectWithReportAdmin(ProjectWithQuestionsAdmin):
    """The list of projects and a project's page, with its questions and its report in short."""

    detail_template = "admin/backlog/project/with_report.html"

    def detail(self, request: HttpRequest, obj: Project) -> dict[str, Any]:
        """Return the context of the project's page, with its report."""
        return {**super().detail(request, obj), "report": report_of(obj), "formats": list(Format)}


def notes_in_words(item: Item) -> str:
    """Return who reads the notes of a rejection, and what a reviewer can do where no agent acts on them."""
    names = {"agent": item.agent_target}
    spec = AGENTS.get(item.agent_target)
    if spec is None:
        words = _(
            "Your notes go to “%(agent)s” with its next dispatch. It is not part of Interlock: what it does with them "
            "is up to it."
        )
    elif spec.reads_notes:
        words = _("Your notes go to “%(agent)s”, which takes each of them as a requirement.")
    else:
        words = _(
            "“%(agent)s” works from rows and figures and cannot act on notes: they are kept on record, and the same "
            "result would come again. To change the rate, a coefficient, rows or categories, send a new request."
        )
    return words % names
