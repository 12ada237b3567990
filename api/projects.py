"""Projects: open, find, follow, cancel."""

from typing import Any
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.scopes import PROJECTS, READ
from api import examples
from api.endpoint import ApiView, found_in
from api.fields import Moment, Text, Uuid
from api.openapi import IF_MATCH, acts, endpoint, lists
from api.parsers import StrictJSONParser, value_of
from api.problems import Refused
from api.rules import Rule
from backlog.flow.orchestration import project_work
from backlog.models import Project, WorkContext
from backlog.selectors import may_end, project_of, projects_for, with_counts
from backlog.services import cancel_project
from backlog.states import ProjectStatus
from intake import submitting as intake
from intake import uploads
from schemas.registry import registry

REQUEST = "PROJECT.INITIAL_REQUEST_RECEIVED"
NEWEST = ("-opened_at", "id")


# -- what is shown ---------------------------------------------------------------------------------
class ProjectShown(serializers.ModelSerializer[Project]):
    """A request on its way to a report."""

    template = serializers.CharField(source="template.name")
    template_version = serializers.IntegerField(source="template.version")
    items_total = serializers.IntegerField()
    items_done = serializers.IntegerField()
    intake = serializers.DictField(help_text="What reading the spreadsheet said.")

    class Meta:
        model = Project
        fields = [
            *("id", "title", "status", "reason", "template", "template_version", "requester", "correlation_id"),
            *("items_total", "items_done", "opened_at", "finished_at", "intake"),
        ]


class ContextShown(serializers.ModelSerializer[WorkContext]):
    """What is known about a project, and who said each of it."""

    data = serializers.DictField()  # type: ignore[assignment]
    provenance = serializers.DictField(help_text="Per field: who said it, when, through which door.")

    class Meta:
        model = WorkContext
        fields = ["data", "provenance"]


# -- what is taken ---------------------------------------------------------------------------------
class ProjectQuery(serializers.Serializer[Any]):
    """Which projects."""

    status = serializers.ChoiceField(choices=ProjectStatus.choices, required=False)
    template = Text(required=False, max_length=60)
    requester = Text(required=False, max_length=200)
    q = Text(required=False, max_length=200, help_text="A part of the title.")
    opened_after = Moment(required=False)
    opened_before = Moment(required=False)


LOOKUPS = {
    "template": "template__name",
    "q": "title__icontains",
    "opened_after": "opened_at__gt",
    "opened_before": "opened_at__lt",
}


class NewProject(serializers.Serializer[Any]):
    """A request. The contract PROJECT.INITIAL_REQUEST_RECEIVED judges it as a whole."""

    project_id = Uuid(required=False, help_text="Yours to choose: a project is opened once.")
    title = Text(required=False, max_length=200)
    request_text = Text(required=False, max_length=100_000, help_text="May be left out with a file.")
    template = Text(required=False, max_length=60, help_text="Left out: audit.")
    work_context = serializers.DictField(required=False, help_text="Figures such as `hourly_rate`, and `rows`.")


class NewProjectWithFile(NewProject):
    """The same as a form, with a spreadsheet."""

    work_context = Text(required=False, help_text="The same object as JSON text.")  # type: ignore[assignment]
    file = serializers.FileField(required=False, help_text="CSV, .csv.gz or XLSX with a header row; at most 20 MB.")


class Reason(serializers.Serializer[Any]):
    """Why; it is kept with what is done."""

    reason = Text(max_length=2000)


# -- endpoints -------------------------------------------------------------------------------------
class Projects(ApiView):
    """The projects that the account may see; a POST opens one."""

    rules = {"GET": Rule(READ), "POST": Rule(PROJECTS, "backlog.add_project")}
    parser_classes = [StrictJSONParser, MultiPartParser]
    takes_files = True

    @lists("projects_list", "List projects", ProjectShown, ProjectQuery)
    def get(self, request: Request) -> Response:
        """The newest first."""
        wanted = {LOOKUPS.get(name, name): value for name, value in self.asked(ProjectQuery).items()}
        return self.page(seen_by(self.account).filter(**wanted), ProjectShown, by=NEWEST)

    @acts(
        "projects_create",
        "Open a project",
        takes={"application/json": NewProject, "multipart/form-data": NewProjectWithFile},
        gives=ProjectShown,
        status=201,
        sent=examples.REQUEST,
        given=examples.PROJECT,
    )
    def post(self, request: Request) -> Response:
        """Its work begins at once."""
        opened = intake.open_read(*self.prepared())
        project = found_in(seen_by(self.account), pk=opened.pk)
        return self.shown(ProjectShown(project).data, status=201, location=f"/api/v1/projects/{project.pk}")

    def is_slow(self) -> bool:
        """A file takes its time."""
        return bool(self.request.FILES)

    def prepare(self) -> tuple[intake.Request, intake.Read]:
        """What is asked for, and its file as it was read. Raises Refused or Unreadable."""
        is_form = (self.request.content_type or "").startswith("multipart/")
        said = self.read(NewProjectWithFile if is_form else NewProject)
        file = said.get("file")
        if file and file.size > uploads.MOST_BYTES:
            raise Refused(413, "file-too-large", _("A file may have 20 MB at most."))
        if not file and not said.get("request_text"):
            words = _("Say what is asked for, or send a file.")
            raise Refused(422, "invalid-request", words, faults=[("/request_text", words)])
        asked = request_of(said, self.account)
        require_contract(asked)
        return asked, read_of(file) if file else intake.NOTHING


class OneProject(ApiView):
    """A project."""

    rules = {"GET": Rule(READ)}

    @endpoint("projects_read", "Read a project", gives=ProjectShown, refuses=[404])
    def get(self, request: Request, project_id: UUID) -> Response:
        """As it is now."""
        return self.shown(ProjectShown(found_in(seen_by(self.account), pk=project_id)).data)


class ProjectContext(ApiView):
    """What is known about a project."""

    rules = {"GET": Rule(READ)}

    @endpoint("projects_context", "Read what is known about a project", gives=ContextShown, refuses=[404])
    def get(self, request: Request, project_id: UUID) -> Response:
        """Its figures and rows, and who said each."""
        project = found_in(projects_for(self.account), pk=project_id)
        return self.shown(ContextShown(found_in(WorkContext.objects.all(), pk=project.pk)).data)


class CancelProject(ApiView):
    """Ends a project."""

    rules = {"POST": Rule(PROJECTS)}

    @acts(
        "projects_cancel",
        "Cancel a project",
        takes=Reason,
        gives=ProjectShown,
        parameters=[IF_MATCH],
        refuses=[412],
        sent=examples.REASON,
        given=examples.PROJECT,
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """What is not done is cancelled; what is done stays."""
        if not may_end(self.account, found_in(projects_for(self.account), pk=project_id)):
            raise PermissionDenied
        said = self.read(Reason)
        with project_work() as work:
            project = project_of(work, project_id)
            self.require_unchanged(lambda: ProjectShown(found_in(seen_by(self.account), pk=project_id)).data)
            cancel_project(work, project, reason=said["reason"], by=self.account.get_username())
        return self.shown(ProjectShown(found_in(seen_by(self.account), pk=project_id)).data)


# -- helpers ---------------------------------------------------------------------------------------
def seen_by(user: User) -> QuerySet[Any]:
    """The projects that the account may see, as they are shown."""
    return with_counts(projects_for(user).select_related("template"))


def request_of(said: dict[str, Any], user: User) -> intake.Request:
    """The request that the body makes. Raises ParseError or Refused."""
    context = said.get("work_context") or {}
    if isinstance(context, str):
        context = value_of(context)
    if not isinstance(context, dict):
        words = _("The work context is a JSON object.")
        raise Refused(422, "invalid-request", words, faults=[("/work_context", words)])
    return intake.Request(
        text=said.get("request_text", ""),
        title=said.get("title", ""),
        template=said.get("template", ""),
        requester=user.get_username(),
        context=context,
        project_id=said.get("project_id") or uuid4(),
    )


def require_contract(asked: intake.Request) -> None:
    """Raise Refused with every fault unless the contract of requests allows what is asked."""
    payload = {"project_id": str(asked.project_id), "request_text": asked.text, "work_context": asked.context}
    payload |= {name: said for name, said in (("title", asked.title), ("template", asked.template)) if said}
    if not registry().is_valid(REQUEST, 1, payload):
        faults = [(problem.pointer, problem.message) for problem in registry().problems(REQUEST, 1, payload)]
        raise Refused(422, "invalid-request", _("The request breaks its contract: see the errors."), faults=faults)


def read_of(file: "UploadedFile[Any]") -> intake.Read:
    """What the file says. Raises Unreadable."""
    with uploads.on_disk(file) as kept:
        return intake.read_file(kept, name=uploads.shown_name(file.name or ""))
