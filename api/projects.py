"""Endpoints of projects: open, list, read, read the work context, cancel."""

from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import PROJECTS, READ
from api import examples
from api.endpoint import ApiView, row_or_404
from api.fields import Moment, Text, Uuid
from api.openapi import IF_MATCH, endpoint, list_endpoint, post_endpoint
from api.parsers import StrictJSONParser, json_value
from api.problems import Refused
from api.project_rows import FIELDS, project_rows, shown_project, shown_projects
from api.rules import Rule
from backlog.flow.orchestration import project_work
from backlog.models import Project, WorkContext
from backlog.selectors import may_end, project_of, projects_for
from backlog.services import cancel_project
from backlog.states import ProjectStatus
from intake import submitting as intake
from intake import uploads
from schemas.registry import registry

REQUEST = "PROJECT.INITIAL_REQUEST_RECEIVED"
NEWEST = ("-opened_at", "id")


# -- responses -------------------------------------------------------------------------------------
class ProjectShown(serializers.ModelSerializer[Project]):
    """A project: a request, its work items and its state."""

    # Only the OpenAPI document is made from this class: `api.project_rows` makes what a response shows.
    template = serializers.CharField(source="template.name")
    template_version = serializers.IntegerField(source="template.version")
    items_total = serializers.IntegerField(help_text="Number of all work items, cancelled ones too.")
    items_done = serializers.IntegerField(help_text="Number of work items that are done.")
    intake = serializers.DictField(help_text="Notes from reading the uploaded spreadsheet.")
    archived = serializers.BooleanField(
        source="is_archived",
        help_text="True long after the end: its events are in an archive and not in the ledger, and nothing changes.",
    )

    class Meta:
        model = Project
        fields = [*FIELDS]


class ContextShown(serializers.ModelSerializer[WorkContext]):
    """The work context of a project: all known facts, and the origin of each."""

    data = serializers.DictField()  # type: ignore[assignment]
    provenance = serializers.DictField(
        help_text="For each field: who gave its value, when, and by which way (page, REST, event)."
    )

    class Meta:
        model = WorkContext
        fields = ["data", "provenance"]


# -- requests --------------------------------------------------------------------------------------
class ProjectQuery(serializers.Serializer[Any]):
    """Filters of the list of projects."""

    status = serializers.ChoiceField(choices=ProjectStatus.choices, required=False)
    template = Text(required=False, max_length=60)
    requester = Text(required=False, max_length=200)
    q = Text(required=False, max_length=200, help_text="Only projects with this text in their title.")
    opened_after = Moment(required=False)
    opened_before = Moment(required=False)


# Query parameter → lookup of the queryset, for those whose names differ.
LOOKUPS = {
    "template": "template__name",
    "q": "title__icontains",
    "opened_after": "opened_at__gt",
    "opened_before": "opened_at__lt",
}


class NewProject(serializers.Serializer[Any]):
    """A request. It is checked against the event contract PROJECT.INITIAL_REQUEST_RECEIVED."""

    project_id = Uuid(required=False, help_text="An id of your choice. A second request with the same id is refused.")
    title = Text(required=False, max_length=200)
    request_text = Text(
        required=False,
        max_length=100_000,
        help_text="What is to be found out, in your words. Not required with a file.",
    )
    template = Text(
        required=False, max_length=60, help_text="The name of the template of the work; `audit` if left out."
    )
    work_context = serializers.DictField(
        required=False,
        help_text="Facts for the work, such as `hourly_rate`, its `currency` (ISO 4217, such as EUR), the `period` of "
        'the rows, such as `{"type": "month"}`, and the task list as `rows`. What is missing is asked for.',
    )


class NewProjectWithFile(NewProject):
    """A request as a form, which can have a spreadsheet."""

    work_context = Text(required=False, help_text="The object as a JSON text.")  # type: ignore[assignment]
    file = serializers.FileField(
        required=False,
        help_text="The task list: CSV, XLSX, XLS or ODS with a header row, plain or packed once; 64 MB where no other "
        "limit is set.",
    )
    file_answers = Text(
        required=False,
        max_length=10_000,
        help_text='Answers to questions about the file, as a JSON text such as `{"duration_unit": "s"}`. A column is '
        'chosen by its role (`{"duration_column": "Hours"}`), a row by its number (`{"row:17": "leave-out"}`), a cell '
        'by both (`{"cell:17:Hours": "1:30"}`).',
    )
    fresh = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Forget what you decided about an earlier file with the same header, instead of reading this one so.",
    )


class Reason(serializers.Serializer[Any]):
    """The reason for an action."""

    reason = Text(max_length=2000, help_text="Why you do this, in words. It is stored and shown to people.")


# -- endpoints -------------------------------------------------------------------------------------
class Projects(ApiView):
    """The list of projects; a POST opens a project."""

    rules = {"GET": Rule(READ), "POST": Rule(PROJECTS, "backlog.add_project")}
    parser_classes = [StrictJSONParser, MultiPartParser]
    takes_files = True

    @list_endpoint("projects_list", "List projects", ProjectShown, ProjectQuery)
    def get(self, request: Request) -> Response:
        """The projects that you may see, newest first."""
        filters = {LOOKUPS.get(name, name): value for name, value in self.read_query(ProjectQuery).items()}
        return self.page(project_rows(projects_for(self.account).filter(**filters)), shown_projects, by=NEWEST)

    @post_endpoint(
        "projects_create",
        "Open a project",
        takes={"application/json": NewProject, "multipart/form-data": NewProjectWithFile},
        gives=ProjectShown,
        status=201,
        request_example=examples.REQUEST,
        response_example=examples.PROJECT,
    )
    def post(self, request: Request) -> Response:
        """Open a project with your request, as JSON or as a form with a spreadsheet. Its work begins at once.

        You are its requester. Read the project to see its state, or follow its events.
        """
        opened = intake.open_request_after_reading(*self.prepared())
        return self.respond(shown_project(opened.pk), status=201, location=f"/api/v1/projects/{opened.pk}")

    def is_slow(self) -> bool:
        """Return True if there is a file to read."""
        return bool(self.request.FILES)

    def prepare(self) -> tuple[intake.Request, intake.FileContents]:
        """Return (request, contents of its file). Raises Refused or Unreadable."""
        is_form = (self.request.content_type or "").startswith("multipart/")
        body = self.read_body(NewProjectWithFile if is_form else NewProject)
        file = body.get("file")
        if not file and not body.get("request_text"):
            words = _("Say what is asked for, or send a file.")
            raise Refused(422, "invalid-request", words, faults=[("/request_text", words)])
        wanted = request_in(body, self.account)
        require_contract(wanted)
        return wanted, read_upload(file, wanted) if file else intake.NO_FILE


class OneProject(ApiView):
    """One project."""

    rules = {"GET": Rule(READ)}

    @endpoint("projects_read", "Read a project", gives=ProjectShown, refuses=[404])
    def get(self, request: Request, project_id: UUID) -> Response:
        """The project as it is now. Its ETag can be sent as If-Match with a change."""
        return self.respond(shown_project(row_or_404(projects_for(self.account), pk=project_id).pk))


class ProjectContext(ApiView):
    """The work context of a project."""

    rules = {"GET": Rule(READ)}

    @endpoint("projects_context", "Read the work context of a project", gives=ContextShown, refuses=[404])
    def get(self, request: Request, project_id: UUID) -> Response:
        """All facts that are known for the work, such as figures and rows, and who gave each of them."""
        project = row_or_404(projects_for(self.account), pk=project_id)
        return self.respond(ContextShown(row_or_404(WorkContext.objects.all(), pk=project.pk)).data)


class CancelProject(ApiView):
    """Cancels a project."""

    rules = {"POST": Rule(PROJECTS)}

    @post_endpoint(
        "projects_cancel",
        "Cancel a project",
        takes=Reason,
        gives=ProjectShown,
        parameters=[IF_MATCH],
        refuses=[412],
        request_example=examples.REASON,
        response_example=examples.PROJECT,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Cancel the project and its unfinished items. Finished items and deliverables stay. The reason is stored."""
        if not may_end(self.account, row_or_404(projects_for(self.account), pk=project_id)):
            raise PermissionDenied
        body = self.read_body(Reason)
        with project_work() as work:
            project = project_of(work, project_id)
            self.require_unchanged(lambda: shown_project(project_id))
            cancel_project(work, project, reason=body["reason"], by=self.account.get_username())
        return self.respond(shown_project(project_id))


# -- functions -------------------------------------------------------------------------------------
def request_in(body: dict[str, Any], user: User) -> intake.Request:
    """Return the request that is in the body. Raises ParseError or Refused for a faulty work context."""
    context = body.get("work_context") or {}
    if isinstance(context, str):
        context = json_value(context)
    if not isinstance(context, dict):
        words = _("The work context is a JSON object.")
        raise Refused(422, "invalid-request", words, faults=[("/work_context", words)])
    answers = json_value(body.get("file_answers") or "{}")
    if not isinstance(answers, dict) or not all(isinstance(value, str) for value in answers.values()):
        words = _("The answers about the file are a JSON object, each value the text of a choice.")
        raise Refused(422, "invalid-request", words, faults=[("/file_answers", words)])
    return intake.Request(
        text=body.get("request_text", ""),
        title=body.get("title", ""),
        template=body.get("template", ""),
        requester=user.get_username(),
        context=context,
        file_answers=answers,
        fresh=body.get("fresh", False),
        project_id=body.get("project_id") or uuid4(),
        account=user,  # the rule of the endpoint has checked its permission
    )


def require_contract(wanted: intake.Request) -> None:
    """Raise Refused with every fault unless the request meets its event contract."""
    payload = {"project_id": str(wanted.project_id), "request_text": wanted.text, "work_context": wanted.context}
    payload |= {name: value for name, value in (("title", wanted.title), ("template", wanted.template)) if value}
    if not registry().is_valid(REQUEST, 1, payload):
        faults = [(problem.pointer, problem.message) for problem in registry().problems(REQUEST, 1, payload)]
        raise Refused(422, "invalid-request", _("The request breaks its contract: see the errors."), faults=faults)


def read_upload(file: "UploadedFile[Any]", wanted: intake.Request) -> intake.FileContents:
    """Return the contents of the uploaded file, its doubts settled as the request says. Raises Unreadable."""
    name, owner = uploads.display_name(file.name or ""), wanted.remembered_by
    with uploads.as_file_on_disk(file) as kept:
        return intake.read_file(kept, name=name, answers=wanted.file_answers, owner=owner)
