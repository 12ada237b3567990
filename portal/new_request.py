"""Sending a request, in up to three steps: the form, a preview if there is a file, and then the project's page."""

from dataclasses import replace
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
from accounts.walls import organisation_of
from backlog.blueprints import STANDALONE_TEMPLATE, newest_templates
from backlog.errors import ProjectExists, QuotaReached
from backlog.models import Project
from events.artifacts import StorageFull
from intake import uploads
from intake.kept_readings import Asked, kept_contents
from intake.preview import Preview, preview_kept, preview_upload
from intake.remembering import forget
from intake.spreadsheets.sheet import Busy, Unreadable
from intake.submitting import Request, open_request, open_request_after_reading
from portal.file_choices import FILE_ANSWER, FRESH, TwoColumns, answers_in, asked_in, choices_in
from portal.forms import RequestForm, kind_of_work_from
from portal.preview_context import preview_context
from portal.selectors import open_project_with_file
from portal.unread_rows import unread_as_file

# The UUID namespace of the project ids that this form makes.
PROJECT_ID_NAMESPACE = UUID("4c6f3ab0-95c2-5a0e-8a5b-3f5e0b9b7f7e")
SEND, BACK, FORGET, UNREAD = "send", "back", "forget", "unread"


def no_room() -> str:
    """Return what a person is told while the disk has no room for the rows of a request."""
    return _("The server has no room for your rows at the moment. Nothing was sent: try again later.")


class NewRequest(LoginRequiredMixin, View):
    """The form of a new request; a POST shows the form again, previews its file, or sends the request.

    The form carries a token that determines the project's id, so a form that is sent twice opens one project.
    """

    http_method_names = ["get", "head", "post", "again"]
    takes_files = True

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Begin without anything to say above the preview."""
        super().setup(request, *args, **kwargs)
        # What could not be followed of the choices on the preview, and what else is said above it.
        self.choice_errors: list[str] = []
        self.notices: list[str] = []

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
        if read is not None and request.POST.get("step") == UNREAD:
            return unread_as_file(read.names, read.unread)
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
        organisation = organisation_of(signed_in_person(self.request))
        offered = [each for each in newest_templates(organisation) if each.name != STANDALONE_TEMPLATE]
        kinds = [kind_of_work_from(template) for template in offered]
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
        if chosen is None and earlier is None:
            return None, None
        person = signed_in_person(self.request)
        upload = uploads.keep_upload(chosen, person) if chosen else earlier
        assert upload is not None
        try:
            read = preview_upload(upload, Asked(owner=person)) if chosen else self.preview_again(upload)
        except StorageFull:
            form.add_error("file", no_room())
            return upload, None
        except Unreadable as error:
            form.add_error("file", str(error))
            if isinstance(error, Busy):
                return upload, None
            uploads.discard_upload(upload)
            return (earlier if chosen else None), None
        if chosen and earlier:
            uploads.discard_upload(earlier)
        return upload, read

    def preview_again(self, upload: uploads.Upload) -> Preview | None:
        """Return the preview of the stored file as it was chosen on the page; None if the request can be sent.

        A choice that cannot be followed is said above the preview, which then shows what was read before. Raises
        Unreadable if nothing was.
        """
        post, person = self.request.POST, signed_in_person(self.request)
        step, shown = post.get("step"), preview_kept(upload)
        if step == BACK or (step == SEND and shown is None):
            return None
        if shown is None:
            return preview_upload(upload, asked_in(post, person))
        try:
            if step == FORGET:
                forget(person, shown.header)
                return preview_upload(upload, replace(asked_in(post, person), fresh=True))
            choices = choices_in(post, shown, person)
            if step == SEND and not choices.is_new:
                if shown.is_unnamed:
                    raise Unreadable(_("Say which column holds what was done, and which one how long it took."))
                return None
            read = preview_upload(upload, choices.asked)
            self.notices += [_("Your changes are read now; nothing is sent yet.")] if step == SEND else []
            return read
        except (TwoColumns, Unreadable) as error:
            self.choice_errors.append(str(error))
            return shown

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
        except StorageFull:
            form.add_error(None, no_room())
            return self.form_page(form, upload)
        except QuotaReached as error:
            form.add_error(None, str(error))
            return self.form_page(form, upload)
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
        """Open the project with what the preview has read; a further answer has the file read again."""
        asked = asked_in(self.request.POST, signed_in_person(self.request))
        contents = kept_contents(upload, asked) if upload else None
        return open_request_after_reading(request, contents) if contents else open_request(request)

    def request_of(self, form: RequestForm, upload: uploads.Upload | None) -> Request:
        """Return the form's data as a request."""
        data, figures = form.cleaned_data, form.chosen_figures
        asked = asked_in(self.request.POST, signed_in_person(self.request))
        return Request(
            text=data["request_text"],
            title=data["title"],
            template=data["template"],
            requester=signed_in_person(self.request).get_username(),
            file=upload.path if upload else None,
            file_name=upload.name if upload else "",
            context=figures.work_context() if figures else {},
            project_id=self.project_id,
            file_answers=asked.answers,
            fresh=asked.fresh,
        )

    # -- pages -------------------------------------------------------------------------------------
    def form_page(self, form: RequestForm, upload: uploads.Upload | None = None) -> HttpResponse:
        """Return the page with the form and the stored file."""
        # What was decided about the file stays decided while the form is corrected.
        answers = answers_in(self.request.POST) if upload and not self.request.FILES else {}
        decided = [(f"{FILE_ANSWER}{field}", value) for field, value in answers.items()]
        context = {"form": form, "upload": upload, "form_token": self.form_token, "decided": decided}
        return render(self.request, "portal/new.html", context)

    def preview_page(self, form: RequestForm, upload: uploads.Upload, read: Preview) -> HttpResponse:
        """Return the page with the preview; hidden inputs carry everything that was typed to the next step."""
        given = [(f"{FILE_ANSWER}{field}", value) for field, value in (read.given or {}).items()]
        steps = [("form_token", self.form_token), ("upload", upload.token), *given]
        typed = [*form.typed_inputs(), *steps, *([(FRESH, "1")] if read.fresh else [])]
        title = next((kind.title for kind in form.kinds if kind.name == form.chosen_kind_name), "")
        figures = form.chosen_figures.figures_in_words() if form.chosen_figures else []
        context = {"preview": read, "typed": typed, "form": form, "kind": title, "figures": figures}
        context |= preview_context(read, self.request.POST if self.choice_errors else {})
        context |= {"choice_errors": self.choice_errors, "notices": self.notices}
        context["sent_before"] = open_project_with_file(signed_in_person(self.request), read.sha256)
        return render(self.request, "portal/preview.html", context)
