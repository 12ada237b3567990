"""Sending a request, in up to three steps: the form, a preview if there is a file, and then the project's page."""

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

from accounts.people import signed_in_person
from backlog.blueprints import newest_templates
from backlog.errors import ProjectExists
from backlog.models import Project
from clarifications.wording import choice_in_words
from intake import uploads
from intake.kept_readings import kept_contents
from intake.preview import Preview, preview_upload
from intake.spreadsheets import Busy, Unreadable
from intake.submitting import Request, open_request, open_request_after_reading
from portal.forms import RequestForm, kind_of_work_from
from portal.selectors import open_project_with_file
from reports.figures import number_in_words
from reports.periods import period_in_words

# The UUID namespace of the project ids that this form makes.
PROJECT_ID_NAMESPACE = UUID("4c6f3ab0-95c2-5a0e-8a5b-3f5e0b9b7f7e")
SEND, BACK = "send", "back"
# The names of the preview's inputs for answers about the file begin with this; the doubt's field follows.
FILE_ANSWER = "file-answer-"


class NewRequest(LoginRequiredMixin, View):
    """The form of a new request; a POST shows the form again, previews its file, or sends the request.

    The form carries a token that determines the project's id, so a form that is sent twice opens one project.
    """

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Handle the request of a person who may send requests. Raises PermissionDenied for others."""
        if request.user.is_authenticated and not request.user.has_perm("backlog.add_project"):
            raise PermissionDenied(_("Your role does not include sending requests. Ask an administrator for it."))
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the page with an empty form."""
        return self.form_page(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the request, or return the form with its errors, or the preview of its file."""
        if response := self.opened_before():
            return response
        form = self.form(request.POST, request.FILES)
        form.is_valid()
        upload, read = self.store_and_preview(form)
        if request.POST.get("step") == BACK or not form.is_valid():
            # After a double click, the first request may have sent and deleted the file that the second one misses.
            return self.opened_before() or self.form_page(form, upload)
        if read is not None and upload is not None:
            return self.preview_page(form, upload, read)
        return self.send(form, upload)

    def again(self, request: HttpRequest) -> HttpResponse:
        """Return the form with the typed text, without sending it; redirect if this form opened a project before."""
        form = self.form(request.POST)
        form.is_valid()
        return self.opened_before() or self.form_page(form, self.stored_upload(form))

    # -- what was posted ---------------------------------------------------------------------------
    def form(self, data: Any = None, files: Any = None) -> RequestForm:
        """Return the form with the present kinds of work."""
        has_kept_file = bool(data) and bool(data.get("upload")) and not data.get("drop_file")
        kinds = [kind_of_work_from(template) for template in newest_templates()]
        return RequestForm(kinds, data, files, has_kept_file=has_kept_file)

    @cached_property
    def form_token(self) -> str:
        """Return the token of the posted form; a new one if there is none."""
        try:
            return str(UUID(self.request.POST.get("form_token", "")))
        except ValueError:
            return str(uuid4())

    @property
    def project_id(self) -> UUID:
        """Return the id of the project that this form opens for this person."""
        return uuid5(PROJECT_ID_NAMESPACE, f"{signed_in_person(self.request).pk}:{self.form_token}")

    def opened_before(self) -> HttpResponse | None:
        """Return a redirect to the project that this form opened before; None if it has not opened one."""
        username = signed_in_person(self.request).get_username()
        if "form_token" not in self.request.POST:
            return None
        if not Project.objects.filter(pk=self.project_id, owner__username=username).exists():
            return None
        return redirect("portal:project", pk=self.project_id)

    # -- the file ----------------------------------------------------------------------------------
    def store_and_preview(self, form: RequestForm) -> tuple[uploads.Upload | None, Preview | None]:
        """Return the stored file, a newly chosen one or an earlier one, and its preview.

        The preview is None if there is no file, or if the person has seen it and sends the form or goes back. A file
        that cannot be read is deleted, and the form gets the error.
        """
        chosen, earlier = form.cleaned_data.get("file"), self.stored_upload(form)
        if chosen is None and (earlier is None or self.request.POST.get("step") in (SEND, BACK)):
            return earlier, None
        upload = uploads.keep_upload(chosen, signed_in_person(self.request)) if chosen else earlier
        assert upload is not None
        try:
            read = preview_upload(upload)
        except Unreadable as error:
            form.add_error("file", str(error))
            if isinstance(error, Busy):
                return upload, None
            uploads.discard_upload(upload)
            return (earlier if chosen else None), None
        if chosen and earlier:
            uploads.discard_upload(earlier)
        return upload, read

    def stored_upload(self, form: RequestForm) -> uploads.Upload | None:
        """Return the file that an earlier step stored; delete it and return None if the person drops it.

        If the file is gone and no other was chosen, the form gets an error.
        """
        token = self.request.POST.get("upload", "")
        if not token:
            return None
        try:
            upload = uploads.find_upload(token, signed_in_person(self.request))
        except uploads.UploadGone:
            if form.has_kept_file and not form.cleaned_data.get("file"):
                form.add_error(
                    "file", _("The file is no longer stored: choose it again. Your other entries are still here.")
                )
            return None
        if not form.has_kept_file:
            uploads.discard_upload(upload)
            return None
        return upload

    # -- sending -----------------------------------------------------------------------------------
    def send(self, form: RequestForm, upload: uploads.Upload | None) -> HttpResponse:
        """Open the project and redirect to its page; a form that was sent before redirects to the same project."""
        try:
            project = self.open(self.request_of(form, upload), upload)
        except (ProjectExists, IntegrityError, Unreadable) as error:
            if response := self.opened_before():
                return response
            if not isinstance(error, Unreadable) or upload is None:
                raise
            form.add_error("file", str(error))
            return self.form_page(form, upload if isinstance(error, Busy) else None)
        if upload is not None:
            uploads.discard_upload(upload)
        messages.success(self.request, _("Your request is sent. This page shows its progress and updates by itself."))
        return redirect("portal:project", pk=project.pk)

    def open(self, request: Request, upload: uploads.Upload | None) -> Project:
        """Open the project with what the preview has read; an answer about the file has the file read again."""
        contents = kept_contents(upload) if upload and not request.file_answers else None
        return open_request_after_reading(request, contents) if contents else open_request(request)

    def request_of(self, form: RequestForm, upload: uploads.Upload | None) -> Request:
        """Return the form's data as a request."""
        data, figures = form.cleaned_data, form.chosen_figures
        return Request(
            text=data["request_text"],
            title=data["title"],
            template=data["template"],
            requester=signed_in_person(self.request).get_username(),
            file=upload.path if upload else None,
            file_name=upload.name if upload else "",
            context=figures.work_context() if figures else {},
            project_id=self.project_id,
            file_answers=self.file_answers(),
        )

    def file_answers(self) -> dict[str, str]:
        """Return the answers about the file that were chosen on the preview: {field of the doubt: value}."""
        chosen = {name: value for name, value in self.request.POST.items() if name.startswith(FILE_ANSWER) and value}
        return {name.removeprefix(FILE_ANSWER): str(value) for name, value in chosen.items()}

    # -- pages -------------------------------------------------------------------------------------
    def form_page(self, form: RequestForm, upload: uploads.Upload | None = None) -> HttpResponse:
        """Return the page with the form and the stored file."""
        context = {"form": form, "upload": upload, "form_token": self.form_token}
        return render(self.request, "portal/new.html", context)

    def preview_page(self, form: RequestForm, upload: uploads.Upload, read: Preview) -> HttpResponse:
        """Return the page with the preview; hidden inputs carry everything that was typed to the next step."""
        typed = [*form.typed_inputs(), ("form_token", self.form_token), ("upload", upload.token)]
        title = next((kind.title for kind in form.kinds if kind.name == form.chosen_kind_name), "")
        numbers = {
            name: number_in_words(getattr(read, name)) for name in ("rows_read", "minutes", "hours", "row_warnings")
        }
        figures = form.chosen_figures.figures_in_words() if form.chosen_figures else []
        context = {"preview": read, "typed": typed, "form": form, "kind": title, "figures": figures}
        context["period"] = period_in_words(read.period)
        context["doubts"] = [
            (doubt, [(choice.value, choice_in_words(choice.title, choice.minutes)) for choice in doubt.choices])
            for doubt in read.doubts
        ]
        context["sent_before"] = open_project_with_file(signed_in_person(self.request), read.sha256)
        return render(self.request, "portal/preview.html", {**numbers, **context})
