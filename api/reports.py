"""Endpoints of a project's report: the report in a format, and the links that share it."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.scopes import PROJECTS, READ
from api import examples
from api.endpoint import ApiView, row_or_404
from api.fields import Text
from api.openapi import endpoint, list_endpoint, post_endpoint
from api.problems import MEDIA_TYPE
from api.renderers import JSONRenderer
from api.rules import Rule
from backlog.models import Project
from backlog.selectors import projects_for
from reports.downloads import attachment
from reports.exports.formats import Format
from reports.exports.making import report_file
from reports.models import LONGEST_NOTE, SharedLink
from reports.sharing import MOST_DAYS, links_of, make_link, revoke_link, shared_address


# -- the report ------------------------------------------------------------------------------------
class ReportQuery(serializers.Serializer[Any]):
    """The format and the language of a report."""

    format = serializers.ChoiceField(
        choices=[form.value for form in Format],
        required=False,
        help_text="The format; without it the first one of `Accept` that there is, and JSON where any will do.",
    )
    language = serializers.ChoiceField(
        choices=[code for code, _name in settings.LANGUAGES],
        required=False,
        help_text="The language of the texts; without it that of `Accept-Language`.",
    )


class ReportNegotiation(BaseContentNegotiation):
    """Admits a request that accepts one of the formats, or that names one in `format`. Problems are always JSON."""

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer of problems. Raises NotAcceptable with the formats that there are."""
        if "format" not in request.query_params and accepted_format(request) is None:
            known = ", ".join(form.media_type for form in Format)
            raise NotAcceptable(_("A report can be had as %(known)s.") % {"known": known})
        return renderers[0], "application/json"


def accepted_format(request: Request) -> Format | None:
    """Return the format that the caller likes best by its Accept header; None if it takes none of them."""
    header = request.headers.get("Accept") or "*/*"
    wishes = sorted((wish_of(part) for part in header.split(",")), key=lambda wish: -wish[1])
    for media_type, weight in wishes:
        if weight <= 0:
            continue
        if media_type in ("*/*", "application/*", MEDIA_TYPE):
            return Format.JSON
        for form in Format:
            if media_type in (form.media_type, form.media_type.partition("/")[0] + "/*"):
                return form
    return None


def wish_of(part: str) -> tuple[str, float]:
    """Return a part of an Accept header as (media type, weight); a weight that is no number counts as none."""
    media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return media_type, float(weight)
    except ValueError:
        return media_type, 0.0


class ProjectReport(ApiView):
    """The report of a project."""

    rules = {"GET": Rule(READ)}
    content_negotiation_class = ReportNegotiation
    renderer_classes = [JSONRenderer]

    @endpoint(
        "projects_report",
        "Read the report of a project",
        gives={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, Format.PDF.media_type): OpenApiTypes.BINARY,
            (200, Format.XLSX.media_type): OpenApiTypes.BINARY,
            (200, "text/html"): OpenApiTypes.STR,
        },
        query=ReportQuery,
        refuses=[404, 409, 422, 501, 503],
    )
    def get(self, request: Request, project_id: UUID) -> HttpResponse:
        """The report as it is now: as JSON (of the schema `report.v1.schema.json`), PDF, Excel workbook or web page.

        409 while nothing is delivered; 501 where PDF files cannot be made; 503 while too many are being made.
        """
        project = row_or_404(projects_for(self.account), pk=project_id)
        query = self.read_query(ReportQuery)
        form = Format(query["format"]) if "format" in query else accepted_format(request) or Format.JSON
        with override(query.get("language") or get_language()):
            made = report_file(project, form, for_staff=self.account.is_staff)
        response = attachment(made.content, form.media_type, made.name)
        response["Vary"] = "Accept, Accept-Language"
        return response


# -- shared links ----------------------------------------------------------------------------------
class LinkShown(serializers.ModelSerializer[SharedLink]):
    """A shared link, without its address, which only the response that made it has."""

    project = serializers.UUIDField(source="project_id")
    is_live = serializers.BooleanField(help_text="Whether it shows the report: neither expired nor revoked.")

    class Meta:
        model = SharedLink
        fields = [
            *("id", "project", "note", "made_by", "made_at", "expires_at", "revoked_at", "is_live"),
            *("opened_count", "last_opened_at"),
        ]


class LinkMade(LinkShown):
    """A shared link with its address. A repeated response to the same Idempotency-Key has no address."""

    address = serializers.CharField(
        allow_null=True, help_text="The address of the report. It is stored nowhere, and no later response shows it."
    )

    class Meta(LinkShown.Meta):
        fields = [*LinkShown.Meta.fields, "address"]


class NewLink(serializers.Serializer[Any]):
    """What is said of a link when it is made."""

    note = Text(required=False, max_length=LONGEST_NOTE, help_text="For whom it is.")
    days = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_DAYS, help_text="Days until it expires; the setting if left out."
    )


class Links(ApiView):
    """The shared links of a project's report; a POST makes one."""

    rules = {"GET": Rule(READ), "POST": Rule(PROJECTS)}
    # What a stored response leaves out: see `api.idempotency`.
    shown_once = ("address",)

    @list_endpoint("links_list", "List the shared links of a report", LinkShown)
    def get(self, request: Request, project_id: UUID) -> Response:
        """The links of the report, newest first, with how often each was opened."""
        return self.page(links_of(self.project(project_id)), LinkShown, by=("-made_at", "id"))

    @post_endpoint(
        "links_create",
        "Share a report by a link",
        takes=NewLink,
        gives=LinkMade,
        status=201,
        request_example=examples.NEW_LINK,
        response_example=examples.LINK,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Make a link that shows the report and its PDF to whoever has it, without signing in, until it expires.

        Store the `address`: it is not shown again. The owner of the project may share it, and who may change it.
        """
        body = self.read_body(NewLink)
        link, token = make_link(
            self.project(project_id), by=self.account, days=body.get("days"), note=body.get("note", "")
        )
        address = shared_address(token, base=request.build_absolute_uri("/"))
        return self.respond({**LinkShown(link).data, "address": address}, status=201)

    def project(self, project_id: UUID) -> Project:
        """Return the project. Raises Http404 unless the account may see it."""
        return row_or_404(projects_for(self.account), pk=project_id)


class RevokeLink(ApiView):
    """Revokes a shared link."""

    rules = {"POST": Rule(PROJECTS)}

    @post_endpoint("links_revoke", "Revoke a shared link", gives=LinkShown, response_example=examples.LINK_REVOKED)
    def post(self, request: Request, project_id: UUID, link_id: UUID) -> Response:
        """Revoke the link: it shows nothing any more. A link that is revoked already stays so."""
        project = row_or_404(projects_for(self.account), pk=project_id)
        link = row_or_404(links_of(project).select_related("project"), pk=link_id)
        revoke_link(link, by=self.account)
        link.refresh_from_db()
        return self.respond(LinkShown(link).data)
