"""Make the file of a report in any format: the one function behind the page, REST, the command and shared links."""

from collections.abc import Callable

import orjson
from django.utils.text import slugify
from django.utils.translation import gettext as _

from backlog.models import Project
from reports.building import built
from reports.documents import as_document
from reports.exports.errors import NothingDelivered
from reports.exports.formats import Format, ReportFile
from reports.exports.pdf import as_pdf
from reports.exports.standalone import as_html
from reports.exports.workbook import as_workbook
from reports.model import Report
from reports.seen import note_exported
from reports.sources import Sources

LONGEST_NAME = 80

Maker = Callable[[Report, Sources, bool], bytes]


def report_file(project: Project, form: Format, *, for_staff: bool) -> ReportFile:
    """Return the project's report as a file in the active language; with `for_staff`, the parts for staff too.

    Raises NothingDelivered, or ExportUnavailable or ExportBusy where the file cannot be made now.
    """
    sources = Sources.of(project)
    if not sources.deliverables:
        raise NothingDelivered(_("Nothing was delivered yet, so there is no report. Ask again once work is done."))
    report = built(sources)
    made = ReportFile(MAKERS[form](report, sources, for_staff), form, f"{base_name(report)}.{form}")
    note_exported(project, f"report as {form}")
    return made


def base_name(report: Report) -> str:
    """Return the file's name without its ending: the title in ASCII, or the project's id if nothing of it is left."""
    return slugify(report.title)[:LONGEST_NAME].strip("-") or str(report.project_id)


def as_json(report: Report, for_staff: bool) -> bytes:
    """Return the document of the report, indented, as UTF-8."""
    return orjson.dumps(as_document(report, for_staff=for_staff), option=orjson.OPT_INDENT_2)


MAKERS: dict[Format, Maker] = {
    Format.PDF: lambda report, sources, for_staff: as_pdf(report, for_staff=for_staff),
    Format.XLSX: lambda report, sources, for_staff: as_workbook(report, sources),
    Format.HTML: lambda report, sources, for_staff: as_html(report, for_staff=for_staff),
    Format.JSON: lambda report, sources, for_staff: as_json(report, for_staff),
}
