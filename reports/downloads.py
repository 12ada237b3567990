"""Download deliverables: the complete content as JSON, a table as CSV."""

import json
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.people import signed_in_person
from backlog.models import Deliverable
from backlog.selectors import projects_for, without_withheld
from reports.figures import as_csv, tables_in
from reports.seen import note_exported

LONGEST_NAME = 80


@require_safe
@login_required
def download_deliverable(request: HttpRequest, pk: UUID, deliverable: UUID) -> HttpResponse:
    """Return the deliverable's content as a JSON file. Raises Http404."""
    return deliverable_as_file(deliverable_for(request, pk, deliverable))


@require_safe
@login_required
def download_table(request: HttpRequest, pk: UUID, deliverable: UUID) -> HttpResponse:
    """Return the deliverable's table that `?table=` names as a CSV file. Raises Http404."""
    return table_as_file(deliverable_for(request, pk, deliverable), request.GET.get("table", ""))


def deliverable_for(request: HttpRequest, project_id: UUID, deliverable_id: UUID) -> Deliverable:
    """Return the deliverable. Raises Http404 unless it belongs to a project that the person may see.

    What a model wrote and nobody approved yet is for staff, who approve it.
    """
    person = signed_in_person(request)
    project = get_object_or_404(projects_for(person), pk=project_id)
    found = Deliverable.objects.select_related("project")
    readable = found if person.is_staff else without_withheld(found)
    deliverable: Deliverable = get_object_or_404(readable, pk=deliverable_id, project=project)
    return deliverable


def deliverable_as_file(deliverable: Deliverable) -> HttpResponse:
    """Return the deliverable's content as a JSON file, named after its project."""
    note_exported(deliverable.project, f"{deliverable.type} as JSON")
    text = json.dumps(deliverable.content, indent=2, ensure_ascii=False).encode("utf-8", errors="replace")
    return attachment(text, "application/json", file_name(deliverable, deliverable.type) + ".json")


def table_as_file(deliverable: Deliverable, name: str) -> HttpResponse:
    """Return the deliverable's table of this name as a CSV file. Raises Http404 if there is no such table."""
    tables = tables_in(deliverable.content) if isinstance(deliverable.content, dict) else {}
    if name not in tables:
        raise Http404
    note_exported(deliverable.project, f"table {name} of {deliverable.type}")
    file = file_name(deliverable, deliverable.type, name) + ".csv"
    return attachment(as_csv(tables[name]), "text/csv; charset=utf-8", file)


def attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    """Return a response that the browser saves as a file instead of showing it."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=content_type, headers=disposition)


def file_name(deliverable: Deliverable, *parts: str) -> str:
    """Return a file name of ASCII letters, digits and dashes from the project's title and these parts."""
    words = (slugify(part.replace("_", "-"))[:LONGEST_NAME] for part in (deliverable.project.title, *parts))
    return "-".join(word for word in words if word) or str(deliverable.pk)
