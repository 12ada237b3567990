"""Opening a project: insert its row, its work context, and an item for each item of its template."""

import re
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.organisations import FIRST_ORGANISATION
from accounts.reach import unlimited
from accounts.walls import organisation_of
from backlog import blueprints, periods
from backlog.blueprints.definition import Definition, ItemDefinition
from backlog.errors import ProjectExists
from backlog.flow.model_budget import FOLLOWS_MODEL, WRITTEN_BY_MODEL
from backlog.flow.model_switch import are_models_on
from backlog.flow.orchestration import item_keys
from backlog.models import Item, Project, Template, WorkContext
from backlog.quotas import lock_quotas, take_bytes, take_project
from backlog.selectors import load_projects
from backlog.work import ProjectWork
from events import artifacts
from events.envelope import Envelope
from events.instances import new
from events.prepared import Prepared
from schemas.payloads.backlog import BacklogItemCreated
from schemas.payloads.project import ProjectInitialRequestReceived, ProjectOpened

# What reading a request's file said: its name, its columns, how many rows, warnings.
Intake = dict[str, Any]
REQUEST = "PROJECT.INITIAL_REQUEST_RECEIVED"
OWNERS = Prepared[User](lambda names: User.objects.with_perm("backlog.add_project").filter(username__in=names))
# Control characters, and marks that change the direction of text.
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def submit_request(
    work: ProjectWork, *, request: ProjectInitialRequestReceived, intake: Intake | None = None
) -> Project:
    """Emit a request that came through Interlock's own pages, REST or commands, and open its project.

    `intake` is the report of the spreadsheet reader, if the request came with a file.
    """
    event = work.emit(REQUEST, request, correlation_id=uuid4())
    work.cause = event.event_id
    return open_project(work, request=request, correlation_id=event.correlation_id, intake=intake)


def open_project(
    work: ProjectWork, *, request: ProjectInitialRequestReceived, correlation_id: UUID, intake: Intake | None = None
) -> Project:
    """Create a project and its items from its template's newest version.

    Raises ProjectExists, UnknownTemplate or QuotaReached.
    """
    project_id = UUID(request["project_id"])
    with unlimited():  # an id is the installation's
        load_projects(work, [project_id])
    if work.loaded(Project, project_id):
        words = _("Project %(id)s is open already: a new request needs a new project_id.")
        raise ProjectExists(words % {"id": project_id})
    owner = owner_named(work, request.get("requester") or "")
    organisation = organisation_of(owner) if owner else FIRST_ORGANISATION
    template = newest_template(work, request.get("template") or blueprints.DEFAULT_TEMPLATE, organisation)
    take_project(work, organisation)
    project = work.add(new_project(work, request, template, owner, correlation_id=correlation_id, intake=intake))
    project.members = []
    context = remember_context(work, project, request)
    project.stored_bytes = bytes_of_rows(context.data)
    take_bytes(work, organisation, project.stored_bytes)
    definitions = items_to_open(work, blueprints.definition_of(template.pk), organisation_of(template))
    emit_project_opened(work, project, template, items=len(definitions))
    for position, definition in enumerate(definitions):
        create_item(work, project, definition, position)
    work.changes.opened.append(project)
    work.note_change(project)
    return project


def items_to_open(work: ProjectWork, template: Definition, organisation: int) -> list[ItemDefinition]:
    """Return the template's items, without those about what a model writes where no model may be asked.

    One that another item depends on stays, and so do all if there are no others: their workers say that nobody wrote.
    """
    about_models = [item for item in template.items if item.item_type in (WRITTEN_BY_MODEL, FOLLOWS_MODEL)]
    if not about_models or are_models_on(work, organisation):
        return list(template.items)
    needed: set[str] = set()
    # Items depend on items above them only, so those that need one come after it.
    for item in reversed(template.items):
        if item not in about_models or item.key in needed:
            needed |= {item.key, *item.depends_on}
    return [item for item in template.items if item.key in needed] or list(template.items)


def new_project(
    work: ProjectWork,
    request: ProjectInitialRequestReceived,
    template: Template,
    owner: User | None,
    *,
    correlation_id: UUID,
    intake: Intake | None,
) -> Project:
    """Return the unsaved project of a request. It belongs to the organisation whose template it is made from."""
    return new(
        Project,
        id=UUID(request["project_id"]),
        title=one_line(request.get("title") or "") or title_from_request(request["request_text"]),
        template_id=template.pk,
        correlation_id=correlation_id,
        requester=request.get("requester") or "",
        owner=owner,
        organisation_id=template.organisation_id,
        intake=intake or {},
        opened_at=work.now,
    )


def emit_project_opened(work: ProjectWork, project: Project, template: Template, *, items: int) -> None:
    """Emit PROJECT.OPENED, with the template that the project was made from and how many items it has."""
    opened: ProjectOpened = {
        "project_id": str(project.pk),
        "title": project.title,
        "template": template.name,
        "template_version": template.version,
        "items": items,
    }
    work.emit_about(project, "PROJECT.OPENED", opened)


def requesters(events: Iterable[Envelope]) -> set[str]:
    """Return the names of who asks, of those events that are requests."""
    return {name for event in events if event.event_type == REQUEST and (name := event.payload.get("requester"))}


def load_owners(work: ProjectWork, names: Iterable[str]) -> None:
    """Load the accounts of requesters into `work.owners`, in one query: active accounts that may open projects.

    A request whose requester has no such account gets no owner, even if an account has that name later.
    """
    if new := {name for name in names if name and name not in work.owners}:
        [found] = work.ahead.rows_together((OWNERS, new))
        work.owners |= {**dict.fromkeys(new), **{user.username: user for user in found}}
        # A request of nobody whom Interlock knows is one of the first organisation.
        unknown = [FIRST_ORGANISATION] if len(found) < len(new) else []
        lock_quotas(work, {*map(organisation_of, found), *unknown})


def owner_named(work: ProjectWork, name: str) -> User | None:
    """Return the account with this name if it may open projects, else None."""
    load_owners(work, [name])
    return work.owners.get(name)


def newest_template(work: ProjectWork, name: str, organisation: int) -> Template:
    """Return the newest version of the organisation's template; one query for each in a work.

    Raises UnknownTemplate.
    """
    known = (organisation, name)
    if known not in work.templates:
        work.templates[known] = blueprints.newest_version(name, organisation)
    return work.templates[known]


def one_line(text: str) -> str:
    """Return the text on one line without invisible characters, as titles in mails, terminals and headers need it."""
    return " ".join(INVISIBLE.sub(" ", text).split())


def title_from_request(request_text: str) -> str:
    """Return a title of at most 78 characters, made from the beginning of the request's text."""
    words = one_line(request_text)
    return (words[:77] + "…" if len(words) > 78 else words) or "Untitled request"


def remember_context(work: ProjectWork, project: Project, request: ProjectInitialRequestReceived) -> WorkContext:
    """Store the request's data as the project's work context; rows too large for an event are stored separately.

    The period is the request's, else what the dates of the rows settle; the currency is the request's, else the
    template's, else that of the installation.
    """
    named = cast(dict[str, Any], request.get("work_context") or {})
    named = {**named, "period": periods.without_source(named.get("period"))}
    data = {"rows": [], **named, "request_text": request["request_text"].strip()}
    data = periods.with_period(data if periods.FACTS in data else periods.with_facts(data, work.now.date()))
    origin = {"by": request.get("requester") or "requester", "door": "request", "at": work.now.isoformat()}
    provenance = dict.fromkeys((key for key in data if key != periods.FACTS and (key != "rows" or data[key])), origin)
    if periods.is_from_dates(data.get("period")):
        provenance["period"] = {**origin, "by": "dates of the rows", "door": "rows"}
    if data.get("currency") is None and (default := default_currency(project)):
        data["currency"], by = default
        provenance["currency"] = {**origin, "by": by, "door": "settings"}
    return work.add(new(WorkContext, project=project, data=artifacts.check_in_rows(data), provenance=provenance))


def bytes_of_rows(data: dict[str, Any]) -> int:
    """Return how many bytes the rows of a work context take: those in it as JSON, and those that are stored."""
    inside = len(orjson.dumps(data["rows"])) if data["rows"] else 0
    return inside + (artifacts.size_of(data["rows_ref"]) if data.get("rows_ref") else 0)


def default_currency(project: Project) -> tuple[str, str] | None:
    """Return (currency, what names it) of a request without one: its template, else the setting CURRENCY, else None."""
    template = blueprints.definition_of(project.template_id)
    if template.currency:
        return template.currency, f"template {template.name}"
    return (settings.CURRENCY, "setting CURRENCY") if settings.CURRENCY else None


def create_item(work: ProjectWork, project: Project, definition: ItemDefinition, position: int) -> Item:
    """Create the project's item for one item of the template, and emit BACKLOG.ITEM_CREATED."""
    item = work.add(
        new(
            Item,
            project=project,
            position=position,
            key=definition.key,
            title=definition.title,
            item_type=definition.item_type,
            agent_target=definition.agent_target,
            depends_on=list(definition.depends_on),
            waiting_on=len(definition.depends_on),
            priority=definition.priority,
            auto_dispatch=definition.auto_dispatch,
            timeout_seconds=definition.timeout_seconds,
            max_attempts=definition.max_attempts,
            approval=definition.approval,
        )
    )
    project.members.append(item)
    created: BacklogItemCreated = {
        **item_keys(item),
        "title": item.title,
        "agent_target": item.agent_target,
        "depends_on": item.depends_on,
    }
    work.emit_about(project, "BACKLOG.ITEM_CREATED", created)
    return item
