"""The page that shows the figures of two reports side by side."""

from typing import Any
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.people import signed_in_person
from backlog.models import Project
from backlog.selectors import projects_for, uuid_or_none
from portal.project_page import project_for
from reports.building import report_of
from reports.comparison import DifferentCurrencies, compared

# The newest projects that can be chosen from a list; any other is named in the address.
MOST_CHOICES = 50


class ComparePage(LoginRequiredMixin, View):
    """Two reports side by side, and the form that chooses the second one."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page. Raises Http404 unless the person may see both projects."""
        project, user = project_for(request, pk), signed_in_person(request)
        choices = projects_for(user).exclude(pk=pk).order_by("-opened_at")[:MOST_CHOICES]
        context: dict[str, Any] = {"project": project, "choices": choices, "chosen": request.GET.get("with", "")}
        if context["chosen"]:
            context |= self.comparison(request, project)
        return render(request, "portal/compare.html", context)

    def comparison(self, request: HttpRequest, project: Project) -> dict[str, Any]:
        """Return the other project and the comparison with it, or the sentence that says why there is none."""
        other_id = uuid_or_none(request.GET["with"])
        if other_id is None:
            return {"refusal": _("This is no id of a request. Choose one from the list.")}
        other = project_for(request, other_id)
        first, second = report_of(project), report_of(other)
        if first is None or second is None:
            title = (project if first is None else other).title
            words = _("Nothing was delivered yet for “%(title)s”: there is no report to compare with.")
            return {"other": other, "refusal": words % {"title": title}}
        try:
            return {"other": other, "comparison": compared(first, second)}
        except DifferentCurrencies as error:
            return {"other": other, "refusal": str(error)}
