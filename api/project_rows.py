"""Projects as a response shows them, made from rows of the database without an object or a serializer for each.

`ProjectShown` in `api.projects` describes the same fields for the OpenAPI document; a test compares the two.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from backlog.models import Project
from backlog.selectors import with_counts
from events.prepared import Prepared

FIELDS = (
    *("id", "title", "status", "reason", "template", "template_version", "requester", "correlation_id"),
    *("items_total", "items_done", "opened_at", "finished_at", "intake", "archived"),
)
# Field → column, for those whose names differ.
COLUMNS = {"template": "template__name", "template_version": "template__version", "archived": "archive_id"}


def project_rows(projects: QuerySet[Project]) -> QuerySet[Any, dict[str, Any]]:
    """Return the rows of these projects, with their counts of items, for `shown_projects`."""
    rows: QuerySet[Any, dict[str, Any]] = with_counts(projects).values(*(COLUMNS.get(name, name) for name in FIELDS))
    return rows


def shown_projects(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the projects of these rows as a response shows them."""
    shown = [{name: row[COLUMNS.get(name, name)] for name in FIELDS} for row in rows]
    return [{**project, "archived": project["archived"] is not None} for project in shown]


ONE_PROJECT = Prepared[dict[str, Any]](lambda ids: project_rows(Project.objects.filter(pk__in=ids)))


def shown_project(project_id: UUID) -> dict[str, Any]:
    """Return the project, whose caller was found to see it, as a response shows it. Raises Http404."""
    row = ONE_PROJECT.row(project_id)
    if row is None:
        raise Http404
    return shown_projects([row])[0]
