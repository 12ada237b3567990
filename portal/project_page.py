"""The pages of one project: its progress, its questions and the main findings; and cancelling the project."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.people import signed_in_person
from backlog.errors import BacklogError
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import project_of, projects_for
from backlog.services import cancel_project
from backlog.states import OVER_STATUSES, ItemState
from backlog.work import ProjectWork
from events import rounds
from events.errors import PermanentError
from intake.models import UnreadRows
from pages.admin_pages import ReasonForm
from portal.selectors import may_cancel, questions_to_answer
from portal.steps import project_in_short, steps_of
from reports.building import report_of


def project_for(request: HttpRequest, pk: UUID) -> Project:
    """Return the project. Raises Http404 unless the person may see it."""
    project: Project = get_object_or_404(projects_for(signed_in_person(request)), pk=pk)
    return project


class ProjectPage(LoginRequiredMixin, View):
    """The project's state, its steps, its questions for this person, and the main findings of its report."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page. Raises Http404 unless the person may see the project."""
        project, user = project_for(request, pk), signed_in_person(request)
        items = list(Item.objects.filter(project=project).order_by("position"))
        for item in items:
            item.project = project
        questions = list(questions_to_answer(user).filter(project=project))
        context: dict[str, Any] = {
            "project": project,
            "done": sum(item.state == ItemState.DONE for item in items),
            "total": len(items),
            "in_short": project_in_short(project, items, is_asked=bool(questions)),
            "steps": steps_of(project, items),
            "questions": questions,
            "report": report_of(project),
            "may_cancel": may_cancel(user, project),
            "is_own": project.owner_id == user.pk,
            "unread_rows": UnreadRows.objects.filter(project=project).values_list("count", flat=True).first(),
            "still": next(iter(rounds.set_aside_rows(project.pk)), None),
        }
        return render(request, "portal/project.html", context)


class Cancel(LoginRequiredMixin, View):
    """The form that asks for a reason and cancels the unfinished items of a project."""

    http_method_names = ["get", "head", "post", "again"]

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the form; redirect to the project if the person may not cancel it or it has ended."""
        project = project_for(request, pk)
        if not may_cancel(signed_in_person(request), project):
            return redirect("portal:project", pk=pk)
        return self.page(project, ReasonForm())

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Cancel the project for the given reason and redirect to its page; a refusal becomes a message there."""
        project, form = project_for(request, pk), ReasonForm(request.POST)
        if not form.is_valid():
            return self.page(project, form)
        try:
            with project_work() as work:
                self.cancel(project_of(work, project.pk), reason=form.cleaned_data["reason"], work=work)
        except PermanentError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("“%(title)s” is cancelled.") % {"title": project.title})
        return redirect("portal:project", pk=pk)

    def again(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the form with the typed text, without cancelling anything."""
        return self.page(project_for(request, pk), ReasonForm(request.POST))

    def cancel(self, project: Project, *, reason: str, work: ProjectWork) -> None:
        """Cancel the locked project.

        Raises BacklogError if it has ended, PermissionDenied if the person may not cancel it.
        """
        user = signed_in_person(self.request)
        if project.status in OVER_STATUSES:
            words = _("“%(title)s” has ended already: there is nothing left to cancel.")
            raise BacklogError(words % {"title": project.title})
        if not may_cancel(user, project):
            raise PermissionDenied(_("Only the person who sent this request, or an operator, may cancel it."))
        cancel_project(work, project, reason=reason, by=user.get_username())

    def page(self, project: Project, form: ReasonForm) -> HttpResponse:
        """Return the page with the form."""
        return render(self.request, "portal/cancel.html", {"project": project, "form": form, "forms": [form]})
