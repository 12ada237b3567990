"""The rows of a file that could not be read, as a file: its columns, and the reason in a last one."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from intake.models import UnreadRows
from pages.phrases import phrase_in_words
from portal.project_page import project_for
from reports.downloads import attachment
from reports.figures import as_csv

FILE_NAME = "rows-to-correct.csv"


@require_safe
@login_required
def download_unread_rows(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the unread rows of the project's file as CSV. Raises Http404."""
    unread = get_object_or_404(UnreadRows, project=project_for(request, pk))
    return unread_as_file(unread.headers, unread.rows)


def unread_as_file(headers: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> HttpResponse:
    """Return the rows as a CSV file that the browser saves, with formulas disarmed."""
    why, number = distinct(_("Why it could not be read"), headers), distinct(_("Row in the file"), headers)
    lines = []
    for row in rows:
        cells = [*row["cells"], *[""] * len(headers)]
        lines.append(
            {
                **dict(zip(headers, cells, strict=False)),
                number: row["place"],
                why: " ".join(phrase_in_words(phrase) for phrase in row["why"]),
            }
        )
    return attachment(as_csv(lines), "text/csv; charset=utf-8", FILE_NAME)


def distinct(name: str, headers: Sequence[str]) -> str:
    """Return the name, with a mark behind it if the file has such a column."""
    return f"{name} *" if name in headers else name
