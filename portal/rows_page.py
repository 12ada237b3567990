"""The page of the rows behind a figure of a report."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.generic import View

from events.artifacts import ArtifactMissing
from portal.project_page import project_for
from reports.categories import category_in_words
from reports.figures import cell_in_words
from reports.rows import RowsPage as Page
from reports.rows import (
    UnknownSelection,
    categories_put,
    page_of_rows,
    row_columns,
    selection,
    task_named,
    told_count,
    with_category_put,
)
from reports.sources import Sources
from reports.stored_rows import rows_of_request

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
        context |= {"query": urlencode({"by": by, "value": value}), **shown_page(page, categories_put(sources))}
        context |= {"told": told_count(sources, by, value)}
        return render(request, "portal/report_rows.html", context)


def heading_of(sources: Sources, by: str, value: str) -> str:
    """Return the heading of the page: which rows it lists."""
    if by == "category":
        return _("Rows of the category “%(name)s”") % {"name": category_in_words(value)}
    if by == "task":
        return _("Rows of the task “%(name)s”") % {"name": task_named(sources, value)}
    titles = {"meetings": _("Rows that are meetings"), "short": _("Rows shorter than 15 minutes")}
    return titles.get(by, _("Rows of the request"))


def shown_page(page: Page, put: Mapping[str, str]) -> dict[str, Any]:
    """Return the page with the columns that at least one of its rows has, and the numbers of its neighbours.

    `put` holds the categories that a model or a person put unclear rows into.
    """
    rows = [with_category_put(row, put) for row in page.rows]
    columns = [column for column in row_columns() if any(row.get(column.key) not in (None, "") for row in rows)]
    lines = [[(cell_in_words(row.get(c.key), c.unit), c.is_number) for c in columns] for row in rows]
    return {"page": page, "columns": columns, "lines": lines, "before": page.number - 1, "after": page.number + 1}
