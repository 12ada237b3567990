"""Reading projects and items, for people and for the unit of work."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from backlog.errors import UnknownItem, UnknownProject
from backlog.models import Deliverable, Item, Project, WorkContext
from backlog.states import ItemState, ProjectStatus
from backlog.work import ProjectWork
from events.envelope import Envelope
from events.models import Event
from schemas.payloads.about import AboutItem


def load_projects(work: ProjectWork, project_ids: Iterable[UUID]) -> None:
    """Lock the projects and load their items: one query a model, projects in the order of their keys.

    Whoever changes anything in a project holds its row's lock, so items need none of their own.
    """
    new = set(project_ids) - work.projects_loaded
    if not new:
        return
    work.projects_loaded |= new
    projects = {p.pk: p for p in work.lock(Project.objects.filter(pk__in=new))}
    for project in projects.values():
        project.members = []
    for item in work.remember(Item.objects.filter(project_id__in=projects).order_by("project_id", "position")):
        item.project = projects[item.project_id]
        item.project.members.append(item)


def project_of(work: ProjectWork, project_id: UUID) -> Project:
    """The project, loaded and locked. Raises UnknownProject."""
    load_projects(work, [project_id])
    if project := work.known(Project, project_id):
        return project
    raise UnknownProject(f"There is no project {project_id}; see `manage.py projects`.")


def item_of(work: ProjectWork, event: Envelope) -> Item:
    """The item the event speaks of, in the project it names. Raises UnknownProject or UnknownItem."""
    named = cast(AboutItem, event.payload)
    project = project_of(work, UUID(named["project_id"]))
    item = work.known(Item, UUID(named["backlog_item_id"]))
    if item is None or item.project_id != project.pk:
        raise UnknownItem(f"Project {project.pk} has no item {named['backlog_item_id']}.")
    return item


def item_in(work: ProjectWork, item_id: UUID) -> Item:
    """The item by its id alone, its project locked. Raises UnknownItem."""
    project_id = Item.objects.filter(pk=item_id).values_list("project_id", flat=True).first()
    if project_id is None:
        raise UnknownItem(f"There is no item {item_id}; see `manage.py project ID`.")
    load_projects(work, [project_id])
    found = work.known(Item, item_id)
    assert found is not None
    return found


def contexts(work: ProjectWork, project_ids: Iterable[UUID]) -> dict[UUID, WorkContext]:
    """What is known about each project, in one query for those not loaded yet."""
    wanted = set(project_ids)
    new = {pk for pk in wanted if work.known(WorkContext, pk) is None}
    if new:
        work.remember(WorkContext.objects.filter(pk__in=new))
    return {context.pk: context for context in work.all(WorkContext) if context.pk in wanted}


def deliverables_of(work: ProjectWork, project_ids: Iterable[UUID]) -> dict[UUID, list[Deliverable]]:
    """Every project's deliverables, oldest first, those of this work included; one query."""
    wanted = set(project_ids)
    if wanted:
        work.remember(Deliverable.objects.filter(project_id__in=wanted).order_by("recorded_at", "timestamp"))
    grouped: dict[UUID, list[Deliverable]] = {pk: [] for pk in wanted}
    for deliverable in work.all(Deliverable):
        if deliverable.project_id in grouped:
            grouped[deliverable.project_id].append(deliverable)
    return grouped


def overdue_projects(now: datetime, *, limit: int, but: QuerySet[Any, UUID]) -> list[UUID]:
    """Projects with an item past its deadline, without those that are put off."""
    late = Item.objects.filter(state=ItemState.IN_PROGRESS, deadline_at__lt=now).exclude(project_id__in=but)
    return list(late.order_by("deadline_at").values_list("project_id", flat=True)[:limit])


def dispatchable(
    now: datetime, *, project: UUID | None = None, item: UUID | None = None, automatic: bool | None = None
) -> QuerySet[Item]:
    """Ready items whose dependencies are done and whose wait is over, most urgent first."""
    found = Item.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        state=ItemState.READY,
        waiting_on=0,
        project__status__in=[ProjectStatus.OPEN, ProjectStatus.WAITING],
    )
    for name, value in (("project_id", project), ("pk", item), ("auto_dispatch", automatic)):
        if value is not None:
            found = found.filter(**{name: value})
    return found.order_by("-priority", "id")


def projects_for(user: User) -> QuerySet[Project]:
    """The projects the person may see: all, or those they asked for."""
    if user.has_perm("backlog.view_project"):
        return Project.objects.all()
    return Project.objects.filter(owner=user)


def may_watch(user: User, project_ids: Iterable[str]) -> set[str]:
    """Of these projects, as they are spelled, those that the person may follow live."""
    asked = {spelled: read for spelled in project_ids if (read := uuid_or_none(spelled))}
    seen = set(projects_for(user).filter(pk__in=asked.values()).values_list("pk", flat=True)) if asked else set()
    return {spelled for spelled, read in asked.items() if read in seen}


def uuid_or_none(text: str) -> UUID | None:
    """The uuid that the text spells, if it does."""
    try:
        return UUID(text)
    except ValueError:
        return None


def may_end(user: User, project: Project) -> bool:
    """Whether the person may cancel the project: requesters what they asked for, others with the permission to."""
    return project.owner_id == user.pk or user.has_perm("backlog.change_project")


def projects_with_counts() -> QuerySet[Any]:
    """Projects, newest first, with `items_total` and `items_done`, counted for those that are read only."""
    return with_counts(Project.objects.select_related("template")).order_by("-opened_at")


def with_counts(projects: QuerySet[Project]) -> QuerySet[Any]:
    """The projects with `items_total` and `items_done`."""
    items = Item.objects.filter(project=OuterRef("pk"))
    done = items.filter(state=ItemState.DONE)
    return projects.annotate(items_total=counted(items, "project"), items_done=counted(done, "project"))


def counted(rows: QuerySet[Any], by: str) -> Coalesce:
    """How many rows there are, as a subquery of the row that they belong to through the field `by`."""
    counts = rows.order_by().values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counts), 0)


def timeline(project_id: UUID) -> QuerySet[Event]:
    """Everything that was said about the project, in order."""
    return Event.objects.filter(project_id=project_id).order_by("seq")


def latest_deliverables(project_id: UUID) -> dict[str, Deliverable]:
    """Per type the newest deliverable that counts: the one of its item's last dispatch."""
    counted = Deliverable.objects.filter(
        Q(dispatch_id=F("item__current_dispatch")) | Q(dispatch_id=None), project_id=project_id
    )
    return {d.type: d for d in counted.select_related("item").order_by("recorded_at", "timestamp")}
