"""Sending a request: a form, with a file a look at what was read from it, and then the project's page."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.people import person
from backlog.blueprints import newest_templates
from backlog.errors import ProjectExists
from backlog.models import Project
from intake import uploads
from intake.preview import Preview, in_own_words, preview
from intake.spreadsheets import Busy, Unreadable
from intake.submitting import Request, open_request
from portal.forms import RequestForm, kind_from
from reports.figures import numeral

# Project ids of requests made here lie in a space of their own.
NAMESPACE = UUID("4c6f3ab0-95c2-5a0e-8a5b-3f5e0b9b7f7e")
SEND, BACK = "send", "back"


class NewRequest(LoginRequiredMixin, View):
    """The form; what is posted is shown again, previewed, or sent.

    A form carries a token from which its project's id follows: sent twice, it leads to the same project.
    """

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only who may send requests comes in."""
        if request.user.is_authenticated and not request.user.has_perm("backlog.add_project"):
            raise PermissionDenied(_("Your role does not include sending requests. Ask an administrator for it."))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form."""
        return self.form_page(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send it, or show what stands in the way, or what was read from its file."""
        if found := self.opened_before():
            return found
        form = self.form(request.POST, request.FILES)
        form.is_valid()
        upload, seen = self.look(form)
        if request.POST.get("step") == BACK or not form.is_valid():
            # A second click may find the file gone that the first one has just sent.
            return self.opened_before() or self.form_page(form, upload)
        if seen is not None and upload is not None:
            return self.preview_page(form, upload, seen)
        return self.send(form, upload)

    def again(self, request: HttpRequest) -> HttpResponse:
        """The form with what was typed, unsent; the request that it has opened already, if it has."""
        form = self.form(request.POST)
        form.is_valid()
        return self.opened_before() or self.form_page(form, self.kept(form))

    # -- what was posted ---------------------------------------------------------------------------
    def form(self, data: Any = None, files: Any = None) -> RequestForm:
        """The form with the kinds of work that there are now."""
        has_kept_file = bool(data) and bool(data.get("upload")) and not data.get("drop_file")
        kinds = [kind_from(template) for template in newest_templates()]
        return RequestForm(kinds, data, files, has_kept_file=has_kept_file)

    @cached_property
    def form_token(self) -> str:
        """The shown form's own token; a new one where none came."""
        try:
            return str(UUID(self.request.POST.get("form_token", "")))
        except ValueError:
            return str(uuid4())

    @property
    def project_id(self) -> UUID:
        """The id of the project that the shown form opens for this person."""
        return uuid5(NAMESPACE, f"{person(self.request).pk}:{self.form_token}")

    def opened_before(self) -> HttpResponse | None:
        """The way to the project that this form opened already, if it did."""
        username = person(self.request).get_username()
        if "form_token" not in self.request.POST:
            return None
        if not Project.objects.filter(pk=self.project_id, owner__username=username).exists():
            return None
        return redirect("portal:project", pk=self.project_id)

    # -- the file ----------------------------------------------------------------------------------
    def look(self, form: RequestForm) -> tuple[uploads.Upload | None, Preview | None]:
        """The file as it is kept, and what is read from it unless it was looked at already."""
        chosen, kept = form.cleaned_data.get("file"), self.kept(form)
        if chosen is None and (kept is None or self.request.POST.get("step") in (SEND, BACK)):
            return kept, None
        upload = uploads.keep(chosen, person(self.request)) if chosen else kept
        assert upload is not None
        try:
            seen = preview(upload)
        except Unreadable as error:
            form.add_error("file", str(error))
            if isinstance(error, Busy):
                return upload, None
            uploads.discard(upload)
            return (kept if chosen else None), None
        if chosen and kept:
            uploads.discard(kept)
        return upload, seen

    def kept(self, form: RequestForm) -> uploads.Upload | None:
        """The file that was kept when the form was sent before."""
        token = self.request.POST.get("upload", "")
        if not token:
            return None
        try:
            upload = uploads.find(token, person(self.request))
        except uploads.Gone:
            if form.has_kept_file and not form.cleaned_data.get("file"):
                form.add_error("file", _("The file is not kept any more: choose it again. All the rest is still here."))
            return None
        if not form.has_kept_file:
            uploads.discard(upload)
            return None
        return upload

    # -- sending -----------------------------------------------------------------------------------
    def send(self, form: RequestForm, upload: uploads.Upload | None) -> HttpResponse:
        """Open the project and go to its page."""
        try:
            project = open_request(self.request_of(form, upload))
        except (ProjectExists, IntegrityError, Unreadable) as error:
            if found := self.opened_before():
                return found
            if not isinstance(error, Unreadable) or upload is None:
                raise
            form.add_error("file", in_own_words(error, upload))
            return self.form_page(form, upload if isinstance(error, Busy) else None)
        if upload is not None:
            uploads.discard(upload)
        messages.success(self.request, _("Your request is sent. This page shows its progress and updates by itself."))
        return redirect("portal:project", pk=project.pk)

    def request_of(self, form: RequestForm, upload: uploads.Upload | None) -> Request:
        """The request as the form says it."""
        said, figures = form.cleaned_data, form.chosen_figures
        return Request(
            text=said["request_text"],
            title=said["title"],
            template=said["template"],
            requester=person(self.request).get_username(),
            file=upload.path if upload else None,
            file_name=upload.name if upload else "",
            context=figures.context() if figures else {},
            project_id=self.project_id,
        )

    # -- pages -------------------------------------------------------------------------------------
    def form_page(self, form: RequestForm, upload: uploads.Upload | None = None) -> HttpResponse:
        """The form, with the file that is kept."""
        shown = {"form": form, "upload": upload, "form_token": self.form_token}
        return render(self.request, "portal/new.html", shown)

    def preview_page(self, form: RequestForm, upload: uploads.Upload, seen: Preview) -> HttpResponse:
        """What was read, with all that was typed carried along."""
        typed = [*form.typed(), ("form_token", self.form_token), ("upload", upload.token)]
        title = next((kind.title for kind in form.kinds if kind.name == form.chosen), "")
        numbers = {name: numeral(getattr(seen, name)) for name in ("rows_read", "minutes", "hours", "row_warnings")}
        figures = form.chosen_figures.given() if form.chosen_figures else []
        shown = {"preview": seen, "typed": typed, "form": form, "kind": title, "figures": figures}
        return render(self.request, "portal/preview.html", {**numbers, **shown})
