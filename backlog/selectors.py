"""Queries for projects and items: those with a `work` load into that unit of work, the others only read."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.walls import within_organisation
from backlog.errors import ProjectArchived, UnknownItem, UnknownProject
from backlog.models import Deliverable, Item, Project, WorkContext
from backlog.states import ItemState, ProjectStatus
from backlog.work import ProjectWork
from events.envelope import Envelope, parsed_uuid
from events.errors import AgentNotPermitted
from events.instances import refer
from events.models import Event
from events.prepared import Asked, Prepared
from events.work import locked
from schemas.payloads.about import AboutItem

# Who wrote a deliverable, as the agents that ask language models say it.
BY_MODEL = "model"
LOCKED_PROJECTS = Prepared[Project](lambda ids: locked(Project.objects.filter(pk__in=ids)))
ITEMS = Prepared[Item](lambda ids: Item.objects.filter(project_id__in=ids).order_by("project_id", "position"))
DELIVERABLES = Prepared[Deliverable](
    lambda ids: Deliverable.objects.filter(project_id__in=ids).order_by("recorded_at", "timestamp")
)
CONTEXTS = Prepared[WorkContext](lambda ids: WorkContext.objects.filter(pk__in=ids))


def load_projects(work: ProjectWork, project_ids: Iterable[UUID]) -> None:
    """Lock the projects, in the order of their ids, and load their items into the work, in one message.

    Idempotent: projects that this work has loaded already are skipped. Items have no locks of their own, because
    every change to an item is made under the lock of its project.
    """
    new = set(project_ids) - work.projects_loaded
    if not new:
        return
    keep_projects(work, new, *work.ahead.rows_together(*locked_projects(new)))


def projects_named(events: Iterable[Envelope]) -> set[UUID]:
    """Return the ids of the projects that the events name."""
    return {project_id for event in events if (project_id := event.project_id)}


def locked_projects(ids: set[UUID]) -> list[Asked]:
    """Return the queries that lock the projects and read their items."""
    return [(LOCKED_PROJECTS, ids), (ITEMS, ids)]


def keep_projects(work: ProjectWork, ids: set[UUID], found: Iterable[Project], items: Iterable[Item]) -> None:
    """Keep the projects of these ids, which were found just now and locked, and their items, in the work.

    Every change of a project begins here. Raises ProjectArchived.
    """
    work.projects_loaded |= ids
    projects = {p.pk: p for p in work.keep_loaded(found)}
    for project in projects.values():
        require_not_archived(project)
        project.members = []
    for item in work.keep_loaded(items):
        project = projects[item.project_id]
        refer(item, project=project)
        project.members.append(item)


def require_not_archived(project: Project) -> None:
    """Raise ProjectArchived if the project's events are in an archive, where no duplicate of one would be found."""
    if project.is_archived:
        words = _(
            "Project %(id)s ended on %(date)s and its events are archived: nothing in it changes any more. Its events:"
            " %(command)s archive show --project %(id)s."
        )
        names = {"id": project.pk, "date": f"{project.finished_at:%Y-%m-%d}", "command": settings.COMMAND}
        raise ProjectArchived(words % names)


def project_of(work: ProjectWork, project_id: UUID) -> Project:
    """Return the project, locked and with its items loaded. Raises UnknownProject."""
    load_projects(work, [project_id])
    if project := work.loaded(Project, project_id):
        return project
    raise UnknownProject(f"There is no project {project_id}; see `{settings.COMMAND} projects`.")


def item_of(work: ProjectWork, event: Envelope) -> Item:
    """Return the item that the event's payload names, its project locked.

    Raises UnknownProject, UnknownItem, or AgentNotPermitted if the event's producer may not speak for its agent.
    """
    named = cast(AboutItem, event.payload)
    project = project_of(work, cast(UUID, event.project_id))
    item = work.loaded(Item, parsed_uuid(named["backlog_item_id"]))
    if item is None or item.project_id != project.pk:
        raise UnknownItem(f"Project {project.pk} has no item {named['backlog_item_id']}.")
    if event.agents is not None and item.agent_target not in event.agents:
        permitted = ", ".join(sorted(event.agents)) or "none"
        words = (
            f"{event.source.service} may not speak for {item.agent_target}. It may speak for these agents: {permitted}."
        )
        raise AgentNotPermitted(words)
    return item


def item_in(work: ProjectWork, item_id: UUID) -> Item:
    """Return the item with this id, its project locked. Raises UnknownItem."""
    project_id = Item.objects.filter(pk=item_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise UnknownItem(f"There is no item {item_id}; see `{settings.COMMAND} project ID`.")
    load_projects(work, [project_id])
    item = work.loaded(Item, item_id)
    assert item is not None
    return item


def work_contexts(work: ProjectWork, project_ids: Iterable[UUID]) -> dict[UUID, WorkContext]:
    """Return the work context of each project by project id; one query for those that are not loaded yet."""
    wanted = set(project_ids)
    new = {pk for pk in wanted if work.loaded(WorkContext, pk) is None}
    if new:
        work.keep_loaded(*work.ahead.rows_together((CONTEXTS, new)))
    return {pk: context for pk in wanted if (context := work.loaded(WorkContext, pk))}


def deliverables_of(work: ProjectWork, project_ids: Iterable[UUID]) -> dict[UUID, list[Deliverable]]:
    """Return each project's deliverables by project id, oldest first, unsaved ones of this work included; one query."""
    wanted = set(project_ids)
    if wanted:
        work.keep_loaded(DELIVERABLES.rows(wanted))
    grouped: dict[UUID, list[Deliverable]] = {pk: [] for pk in wanted}
    for deliverable in work.all_loaded(Deliverable):
        if deliverable.project_id in grouped:
            grouped[deliverable.project_id].append(deliverable)
    return grouped


def overdue_projects(now: datetime, *, limit: int, excluding: QuerySet[Any, UUID]) -> list[UUID]:
    """Return at most `limit` ids of projects that have an item past its deadline, without the `excluding` ones."""
    late = Item.objects.filter(state=ItemState.IN_PROGRESS, deadline_at__lt=now).exclude(project_id__in=excluding)
    return list(late.order_by("deadline_at").values_list("project_id", flat=True)[:limit])


def open_dispatches() -> dict[UUID, str]:
    """Return {dispatch: its agent} of the items in progress that nobody has begun or finished yet."""
    waiting = Item.objects.filter(state=ItemState.IN_PROGRESS, started_at=None, held_for=Item.Held.NO)
    found = waiting.values_list("current_dispatch", "agent_target")
    return {dispatch: agent for dispatch, agent in found if dispatch is not None}


def dispatchable_items(
    now: datetime, *, project: UUID | None = None, item: UUID | None = None, automatic: bool | None = None
) -> QuerySet[Item]:
    """Return READY items whose dependencies are done and whose `not_before` has passed, highest priority first.

    `project` and `item` limit the result to these ids, `automatic` to items with that value of `auto_dispatch`.
    """
    items = Item.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        state=ItemState.READY,
        waiting_on=0,
        project__status__in=[ProjectStatus.OPEN, ProjectStatus.WAITING],
    )
    for name, value in (("project_id", project), ("pk", item), ("auto_dispatch", automatic)):
        if value is not None:
            items = items.filter(**{name: value})
    return items.order_by("-priority", "id")


def projects_for(user: User) -> QuerySet[Project]:
    """Return the projects of the user's organisation: all with the permission to view projects, else only their own."""
    projects = within_organisation(user, Project.objects.all())
    return projects if user.has_perm("backlog.view_project") else projects.filter(owner=user)


def may_watch(user: User, project_ids: Iterable[str]) -> set[str]:
    """Return those of the ids, spelled as they were given, whose projects the user may follow live."""
    ids_by_spelling = {spelled: project_id for spelled in project_ids if (project_id := uuid_or_none(spelled))}
    if not ids_by_spelling:
        return set()
    visible = set(projects_for(user).filter(pk__in=ids_by_spelling.values()).values_list("pk", flat=True))
    return {spelled for spelled, project_id in ids_by_spelling.items() if project_id in visible}


def uuid_or_none(text: str) -> UUID | None:
    """Return the text as a UUID, or None if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def may_end(user: User, project: Project) -> bool:
    """Return True if the user may cancel the project: its owner may, and whoever has the permission to change it."""
    return project.owner_id == user.pk or user.has_perm("backlog.change_project")


def projects_with_counts() -> QuerySet[Any]:
    """Return projects, newest first, with `items_total` and `items_done`; slice it before reading.

    The counts are subqueries, so the database counts only for the rows that are read.
    """
    return with_counts(Project.objects.select_related("template")).order_by("-opened_at")


def with_counts(projects: QuerySet[Project]) -> QuerySet[Any]:
    """Return the projects annotated with `items_total` and `items_done`."""
    items = Item.objects.filter(project=OuterRef("pk"))
    done = items.filter(state=ItemState.DONE)
    return projects.annotate(items_total=count_subquery(items, "project"), items_done=count_subquery(done, "project"))


def count_subquery(rows: QuerySet[Any], by: str) -> Coalesce:
    """Return a subquery that counts `rows` grouped by the field `by`, 0 if there are none.

    `rows` must be filtered to one outer row already: `Item.objects.filter(project=OuterRef("pk"))`.
    """
    counts = rows.order_by().values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counts), 0)


def project_events(project_id: UUID) -> QuerySet[Event]:
    """Return the events of the project in ledger order; none of a project whose events are archived."""
    return Event.objects.filter(project_id=project_id).order_by("seq")


def latest_deliverables(project_id: UUID) -> dict[str, Deliverable]:
    """Return the newest deliverable for each type, among those that answer their item's current dispatch."""
    count_subquery = Deliverable.objects.filter(
        Q(dispatch_id=F("item__current_dispatch")) | Q(dispatch_id=None), project_id=project_id
    )
    return {d.type: d for d in count_subquery.select_related("item").order_by("recorded_at", "timestamp")}


def is_withheld(deliverable: Deliverable) -> bool:
    """Return True if a language model wrote it and its item still waits for a person who approves it."""
    item, content = deliverable.item, deliverable.content
    by_model = isinstance(content, dict) and content.get("written_by") == BY_MODEL
    return by_model and item.approval == Item.Approval.AFTER and item.state != ItemState.DONE


def without_withheld(deliverables: QuerySet[Deliverable]) -> QuerySet[Deliverable]:
    """Return the deliverables that requesters may read: those that `is_withheld` does not hold back."""
    is_shown = ~Q(item__approval=Item.Approval.AFTER) | Q(item__state=ItemState.DONE)
    by_others = Q(content__written_by__isnull=True) | ~Q(content__written_by=BY_MODEL)
    return deliverables.filter(is_shown | by_others)
