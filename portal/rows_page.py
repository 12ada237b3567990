"""The page of the rows behind a figure of a report."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.generic import View

from events.artifacts import NDJSON, ArtifactMissing, path_of
from intake.spreadsheets.rows import Rows
from portal.project_page import project_for
from reports.categories import category_in_words
from reports.contents import count_at, object_at, objects_at
from reports.figures import cell_in_words
from reports.model import Column, Unit
from reports.rows import RowsPage as Page
from reports.rows import UnknownSelection, page_of_rows, selection, task_named, told_count
from reports.sources import Sources

# A page number of more digits is none.
MOST_DIGITS = 6


class RowsPage(LoginRequiredMixin, View):
    """The rows that a figure was computed from, a hundred a page."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page. Raises Http404 unless the person may see the project and there is such a selection."""
        sources = Sources.of(project_for(request, pk))
        by, value, number = request.GET.get("by", "all"), request.GET.get("value", ""), request.GET.get("page", "1")
        if not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS and int(number)):
            raise Http404
        context = {"project": sources.project, "heading": heading_of(sources, by, value)}
        try:
            page = page_of_rows(rows_of_request(sources.data), selection(sources, by, value), int(number))
        except UnknownSelection as error:
            raise Http404 from error
        except ArtifactMissing:
            return render(request, "portal/report_rows.html", {**context, "gone": True})
        context |= {"query": urlencode({"by": by, "value": value}), **shown_page(page)}
        context |= {"told": told_count(sources, by, value)}
        return render(request, "portal/report_rows.html", context)


def rows_of_request(data: Mapping[str, Any]) -> Iterable[Any]:
    """Return the rows of a work context, from the context itself or from where they are stored.

    Raises ArtifactMissing if they are not stored here any more, or in another form.
    """
    reference = object_at(data, "rows_ref")
    if not reference:
        return Rows.of(objects_at(data, "rows"))
    if reference.get("media_type") != NDJSON:
        raise ArtifactMissing(f"Rows of the type {str(reference.get('media_type'))[:80]!r} cannot be listed here.")
    return Rows.from_ndjson(path_of(dict(reference)), count_at(reference, "rows") or 0)


def heading_of(sources: Sources, by: str, value: str) -> str:
    """Return the heading of the page: which rows it lists."""
    if by == "category":
        return _("Rows of the category “%(name)s”") % {"name": category_in_words(value)}
    if by == "task":
        return _("Rows of the task “%(name)s”") % {"name": task_named(sources, value)}
    titles = {"meetings": _("Rows that are meetings"), "short": _("Rows shorter than 15 minutes")}
    return titles.get(by, _("Rows of the request"))


def shown_page(page: Page) -> dict[str, Any]:
    """Return the page with the columns that at least one of its rows has, and the numbers of its neighbours."""
    columns = [column for column in row_columns() if any(row.get(column.key) not in (None, "") for row in page.rows)]
    lines = [[(cell_in_words(row.get(c.key), c.unit), c.is_number) for c in columns] for row in page.rows]
    return {"page": page, "columns": columns, "lines": lines, "before": page.number - 1, "after": page.number + 1}


def row_columns() -> list[Column]:
    """Return the columns that a row of a request may have."""
    return [
        Column("row", _("Row in the file"), Unit.COUNT),
        Column("text", _("What was done")),
        Column("category", _("Category")),
        Column("estimated_minutes", _("Minutes"), Unit.MINUTES),
        Column("started_at", _("Began")),
        Column("ended_at", _("Ended")),
        Column("person", _("Person")),
        Column("case", _("Case")),
    ]
