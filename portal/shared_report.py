"""The report behind a shared link: the link itself gives access to it, read-only. Nobody signs in, no session begins.

A GET changes nothing but the count of openings, so programs that look at links in mails may fetch it.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.generic import View

from portal.report_files import file_response
from reports.building import report_of
from reports.exports.formats import Format
from reports.page_parts import page_parts
from reports.sharing import LinkEnded, SharingRefused, count_opening, link_of_token

# The address is a key: no cache keeps the page, no search engine lists it, no other site learns of it.
HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


class SharedReport(View):
    """The page of a shared report."""

    http_method_names = ["get", "head"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return the response, or the page of a link that cannot be used (404 if there is none, 410 if it ended)."""
        try:
            response = super().dispatch(request, *args, **kwargs)
        except SharingRefused as error:
            status = 410 if isinstance(error, LinkEnded) else 404
            response = render(request, "portal/shared_refused.html", {"words": str(error)}, status=status)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Return the page. Raises SharingRefused."""
        link = link_of_token(token)
        if request.method == "GET":
            count_opening(link)
        report = report_of(link.project)
        parts = page_parts(report, for_staff=False) if report else {}
        context = {
            "link": link,
            "token": token,
            "report": report,
            "project": link.project,
            "stands_alone": True,
            **parts,
        }
        return render(request, "portal/shared.html", context)


class SharedPdf(SharedReport):
    """The PDF of a shared report."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Return the file. Raises SharingRefused."""
        link = link_of_token(token)
        if request.method == "GET":
            count_opening(link)
        template = "portal/shared_refused.html"
        return file_response(request, link.project, Format.PDF, for_staff=False, refused_template=template)
