"""A report as one HTML file that stands alone: its styles are in it, and it loads nothing and runs nothing."""

from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from reports.model import Report
from reports.page_parts import page_parts

STYLE_SHEETS = ("interlock.css", "charts.css", "portal.css", "report.css")


def as_html(report: Report, *, for_staff: bool) -> bytes:
    """Return the report as an HTML document in UTF-8."""
    context = {"report": report, "styles": styles(), "stands_alone": True, **page_parts(report, for_staff=for_staff)}
    return render_to_string("portal/report_file.html", context).encode("utf-8", errors="replace")


@cache
def styles() -> SafeString:
    """Return the style sheets of the report's page, one after the other."""
    texts = (Path(str(finders.find(f"interlock/{name}"))).read_text(encoding="utf-8") for name in STYLE_SHEETS)
    # The sheets are Interlock's own files; none holds the end of a style element.
    return SafeString("\n".join(texts))
