"""Download the report of a project as a file."""

from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View

from accounts.people import signed_in_person
from backlog.models import Project
from portal.project_page import project_for
from reports.downloads import attachment
from reports.exports.errors import ExportBusy, ExportFailed, ExportRefused, ExportUnavailable
from reports.exports.formats import Format
from reports.exports.making import report_file

# The status of a refusal by its class; of any other it is 409.
STATUSES: dict[type[ExportRefused], int] = {ExportUnavailable: 501, ExportBusy: 503, ExportFailed: 503}


class ReportFile(LoginRequiredMixin, View):
    """The report as a file, in the format that the ending of the address names."""

    def get(self, request: HttpRequest, pk: UUID, ending: str) -> HttpResponse:
        """Return the file. Raises Http404 unless the person may see the project and there is such a format."""
        project = project_for(request, pk)
        return file_response(request, project, format_of(ending), for_staff=signed_in_person(request).is_staff)


def format_of(ending: str) -> Format:
    """Return the format with this ending. Raises Http404 if there is none."""
    try:
        return Format(ending)
    except ValueError as error:
        raise Http404 from error


def file_response(
    request: HttpRequest,
    project: Project,
    form: Format,
    *,
    for_staff: bool,
    refused_template: str = "portal/report_refused.html",
) -> HttpResponse:
    """Return the report as a file to download; a page that says why there is none, if it is refused."""
    try:
        made = report_file(project, form, for_staff=for_staff)
    except ExportRefused as error:
        context = {"project": project, "words": str(error)}
        return render(request, refused_template, context, status=STATUSES.get(type(error), 409))
    return attachment(
        made.content, f"{form.media_type}; charset=utf-8" if form == Format.HTML else form.media_type, made.name
    )
