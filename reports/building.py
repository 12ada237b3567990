"""Build the report of a project from its deliverables, its work context and the answers that people gave."""

from datetime import datetime

from django.utils.translation import get_language

from backlog.models import Project
from reports.assumptions import assumptions_of
from reports.contents import text_at
from reports.executive import executive_summary_of
from reports.findings import findings_of
from reports.model import Report
from reports.periods import period_of
from reports.plots import plots_of
from reports.quality import provenance_of, quality_of
from reports.recurring import recurring_findings
from reports.scenario import scenario_of
from reports.sections import files_of, sections_of
from reports.sources import Sources
from reports.summary import headline_of, summary_of
from reports.tables import tables_of


def report_of(project: Project, *, until: datetime | None = None) -> Report | None:
    """Return the project's report in the active language, or None if nothing has been delivered yet.

    With `until`, it is built from what was delivered before that moment. Makes three queries.
    """
    sources = Sources.of(project, until=until)
    return built(sources) if sources.deliverables else None


def built(sources: Sources) -> Report:
    """Return the report that is made of these sources."""
    project, period, scenario = sources.project, period_of(sources), scenario_of(sources)
    recurring = recurring_findings(sources)
    findings = findings_of(sources, recurring)
    return Report(
        project_id=project.pk,
        title=project.title,
        status=project.status,
        status_words=str(project.get_status_display()),
        requester=project.requester,
        opened_at=project.opened_at,
        finished_at=project.finished_at,
        language=get_language() or "en",
        currency=sources.currency,
        period=period,
        summary=summary_of(sources, period, findings, scenario),
        headline=headline_of(sources),
        findings=findings,
        recurring=recurring,
        scenario=scenario,
        plots=plots_of(sources, recurring, scenario),
        tables=tables_of(sources, recurring),
        assumptions=assumptions_of(sources, period, scenario),
        quality=quality_of(sources),
        provenance=provenance_of(sources, period),
        sections=sections_of(sources),
        files=files_of(sources),
        request_text=text_at(sources.data, "request_text"),
        executive_summary=executive_summary_of(sources),
    )
