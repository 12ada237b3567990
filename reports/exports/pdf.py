"""A report as a PDF: A4, tagged for screen readers (PDF/UA-1), and the same bytes for the same report."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.exports.blocks import Part, Text, as_data, printable_text, signs_without_font
from reports.exports.printed import parts_of
from reports.exports.typesetting import typeset_document
from reports.model import Report

BRAND = "Interlock"
LONGEST_RUNNING_TITLE = 90


def as_pdf(report: Report, *, for_staff: bool) -> bytes:
    """Return the report as a PDF in the report's language.

    Raises ExportUnavailable without the typesetter, ExportBusy if it has no time.
    """
    made = report.finished_at or report.opened_at
    document = orjson.dumps(printed_document(report, for_staff=for_staff)).decode()
    return typeset_document("report.typ", inputs={"report": document}, timestamp=int(made.timestamp()))


def printed_document(report: Report, *, for_staff: bool) -> dict[str, Any]:
    """Return all that the template reads: texts in words, and parts made of blocks."""
    title, parts = printable_text(report.title) or str(report.project_id), parts_of(report, for_staff=for_staff)
    return {
        "title": title,
        "running": title if len(title) <= LONGEST_RUNNING_TITLE else title[:LONGEST_RUNNING_TITLE] + "…",
        "author": printable_text(report.requester) or BRAND,
        "brand": BRAND,
        "language": report.language.partition("-")[0],
        "under": printable_text(opened_in_words(report)),
        "about": printable_text(_("Report, period of the data: %(period)s") % {"period": report.period.words}),
        "facts": [[name, printable_text(value)] for name, value in facts_of(report)],
        "words": {"page": _("Page")},
        "parts": as_data([*notices(title, parts), *parts]),
    }


def notices(title: str, parts: list[Part]) -> Iterator[Part]:
    """Yield a part that names the signs that the PDF has no letters for, so that none is missing in silence."""
    signs = signs_without_font(f"{title} {parts!r}")
    if signs:
        words = _(
            "Some texts of this report have signs for which a PDF of Interlock has no letters: %(signs)s. They appear "
            "as empty boxes here. The web page and the workbook show them."
        )
        yield Part(_("Signs that are missing here"), [Text(words % {"signs": signs}, is_warning=True)])


def opened_in_words(report: Report) -> str:
    """Return the state of the request, who sent it, and when, in one line."""
    parts = [report.status_words]
    if report.requester:
        parts.append(_("requested by %(who)s") % {"who": report.requester})
    days = [
        date_format(localtime(moment), "DATE_FORMAT") for moment in (report.opened_at, report.finished_at) if moment
    ]
    return ", ".join([*parts, " – ".join(dict.fromkeys(days))])


def facts_of(report: Report) -> list[tuple[str, str]]:
    """Return what every report says of its data: period and currency."""
    return [
        (_("Period of the data"), report.period.words),
        (_("Currency"), report.currency or _("not stated")),
    ]
