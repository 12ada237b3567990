"""The page of a project's report."""

from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from accounts.people import signed_in_person
from portal.project_page import project_for
from reports.building import report_of
from reports.exports.formats import Format
from reports.page_parts import page_parts
from reports.seen import note_opened
from reports.sharing import links_of, may_share


class ReportPage(LoginRequiredMixin, View):
    """The report, for reading and for printing."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page; without deliverables it says that nothing was delivered yet."""
        project = project_for(request, pk)
        report = report_of(project)
        note_opened(project)
        parts = page_parts(report, for_staff=signed_in_person(request).is_staff) if report else {}
        context = {
            "project": project,
            "report": report,
            "rows_project_id": project.pk,
            "formats": list(Format),
            "links": links_of(project),
            "may_share": may_share(signed_in_person(request), project),
            **parts,
        }
        return render(request, "portal/report.html", context)
