"""The report of a project: a summary, the headline figures, and a section for each deliverable."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from backlog.models import Deliverable
from backlog.selectors import latest_deliverables
from pages.admin_pages import bounded_text
from reports.deliverables import VIEWS, Content, Fact, View, view_of
from reports.figures import is_number, name_in_words, number_in_words, tables_in

# Sections come in this order; deliverables that have no special view come after them, sorted by kind.
SECTION_ORDER = list(VIEWS)


@dataclass(frozen=True)
class Section:
    """A section of the report: `downloads` lists the tables that can be downloaded as CSV, as (key, name in words)."""

    deliverable: Deliverable
    view: View
    downloads: list[tuple[str, str]]


@dataclass(frozen=True)
class Report:
    """The report: a summary of one sentence, or "" if there is none, the headline figures, and the sections.

    A headline figure is (value, label), because the page shows the value first; in a view, a fact is (label, value).
    """

    summary: str
    headline: list[Fact]
    sections: list[Section]


def report_of(project_id: UUID) -> Report | None:
    """Return the project's report, or None if nothing has been delivered yet. Makes one query."""
    latest = latest_deliverables(project_id)
    if not latest:
        return None
    contents = {kind: content_as_object(deliverable.content) for kind, deliverable in latest.items()}
    kinds = sorted(
        latest, key=lambda kind: (SECTION_ORDER.index(kind) if kind in SECTION_ORDER else len(SECTION_ORDER), kind)
    )
    sections = [Section(latest[kind], view_of(kind, contents), downloadable_tables(contents[kind])) for kind in kinds]
    return Report(summary_of(contents), headline_of(contents), sections)


def content_as_object(content: Any) -> Content:
    """Return the content if it is a JSON object; any other content as the only value, without a name, of an object."""
    return content if isinstance(content, dict) else {"": content}


def downloadable_tables(content: Content) -> list[tuple[str, str]]:
    """Return (key, name in words) of each table in the content, sorted by key."""
    return [(key, name_in_words(key)) for key in tables_in(content)]


# -- the summary and the headline figures ----------------------------------------------------------
def summary_of(contents: Mapping[str, Content]) -> str:
    """Return the report in one sentence: the scenario's figures, or else a deliverable's own summary, or else ""."""
    scenario = contents.get("with_agent_scenario", {})
    keys = ("avoidable_percent", "recovered_hours", "recovered_monthly_cost", "recovered_annual_cost", "hourly_rate")
    if all(is_number(scenario.get(key)) for key in keys):
        values = {key: number_in_words(float(scenario[key])) for key in keys}
        return (
            _(
                "An agent could take over up to %(avoidable_percent)s %% of the work: "
                "%(recovered_hours)s hours a month, worth %(recovered_monthly_cost)s a month "
                "and %(recovered_annual_cost)s a year at %(hourly_rate)s an hour."
            )
            % values
        )
    # The summary of a generic output only lists the names of other deliverables.
    summaries = [contents[kind].get("summary") for kind in sorted(contents) if kind != "generic_output"]
    return next((bounded_text(summary) for summary in summaries if isinstance(summary, str) and summary.strip()), "")


def headline_of(contents: Mapping[str, Content]) -> list[Fact]:
    """Return (value, label) of the most important figures that were delivered; the value is in the reader's format."""
    candidates = [
        ("time_waste_analysis", "total_hours", _("hours in all")),
        ("cost_analysis", "monthly_cost", _("cost a month")),
        ("cost_analysis", "annual_cost", _("cost a year")),
        ("friction_analysis", "recurring_share", _("percent of the tasks recur")),
        ("with_agent_scenario", "recovered_hours", _("hours a month an agent could take over")),
        ("with_agent_scenario", "recovered_annual_cost", _("a year could be saved")),
    ]
    figures = [(contents.get(kind, {}).get(key), label) for kind, key, label in candidates]
    return [(number_in_words(value), label) for value, label in figures if is_number(value)]
