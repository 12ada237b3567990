"""A table to fill in, as CSV and as a workbook, with headers in the reader's language that the reader of files knows.

It has no example rows: whoever forgets to delete them would have them counted. The workbook explains each column on a
second sheet, in sentences that no reader takes for a table.
"""

import io
from collections.abc import Callable

import xlsxwriter
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.downloads import attachment

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTHS = (44, 24, 16, 14, 22)


@require_safe
@login_required
def download_blank_table(request: HttpRequest, form: str) -> HttpResponse:
    """Return the table in this form. Raises Http404 for an unknown form."""
    made: dict[str, tuple[Callable[[], bytes], str]] = {
        "csv": (as_csv, "text/csv; charset=utf-8"),
        "xlsx": (as_xlsx, XLSX),
    }
    if form not in made:
        raise Http404
    make, media_type = made[form]
    return attachment(make(), media_type, f"tasks.{form}")


def columns() -> list[tuple[str, str]]:
    """Return (header, what to write below it) of each column; the first three are needed, the others help."""
    return [
        (_("Task"), _("what was done, in a few words, for example “Match payments”. A row for each time it was done.")),
        (_("Category"), _("the kind of work, written the same way each time, for example “Receivables”.")),
        (_("Duration (min)"), _("how long it took, in minutes, for example 90. Hours and minutes are read too: 1:30.")),
        (_("Date"), _("the day on which it was done, for example 2026-03-31. It tells which period the rows cover.")),
        (_("Person"), _("who did it. A made-up name will do, if it is always the same for the same person.")),
    ]


def as_csv() -> bytes:
    """Return the headers as CSV in UTF-8 with a byte order mark, for spreadsheet programs."""
    return (",".join(header for header, _words in columns()) + "\r\n").encode("utf-8-sig")


def as_xlsx() -> bytes:
    """Return a workbook with the headers, and a sheet that explains them."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold, day = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet(_("Tasks")[:31])
        for place, ((header, _words), width) in enumerate(zip(columns(), WIDTHS, strict=True)):
            sheet.set_column(place, place, width, day if place == 3 else None)
            sheet.write_string(0, place, header, bold)
        sheet.freeze_panes(1, 0)
        help_sheet = book.add_worksheet(_("How to fill it in")[:31])
        help_sheet.set_column(0, 0, 110)
        for line, (header, words) in enumerate(columns()):
            help_sheet.write_string(line, 0, f"{header}: {words}")
    return content.getvalue()
