"""The page of a project's report."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.generic import View

from accounts.people import signed_in_person
from pages.admin_pages import json_as_html
from portal.project_page import project_for
from reports.building import report_of
from reports.figures import in_unit, money_in_words
from reports.model import Report, Scenario, Section, Unit
from reports.showing import ShownTable, drawn_plots, shown_table

# The tables that are shown open; all others are folded.
OPEN_TABLES = ("recurring",)


class ReportPage(LoginRequiredMixin, View):
    """The report, for reading and for printing."""

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the page; without deliverables it says that nothing was delivered yet."""
        project = project_for(request, pk)
        report = report_of(project)
        parts = page_parts(report, for_staff=signed_in_person(request).is_staff) if report else {}
        return render(request, "portal/report.html", {"project": project, "report": report, **parts})


def page_parts(report: Report, *, for_staff: bool) -> dict[str, Any]:
    """Return what the page shows beside the model: plots as pictures, tables in words, the sliders, the annex."""
    tables = [shown_table(table, report.currency) for table in report.tables]
    return {
        "plots": drawn_plots(report),
        "open_tables": [table for table in tables if table.key in OPEN_TABLES],
        "folded_tables": [table for table in tables if table.key not in OPEN_TABLES],
        "sliders": sliders(report.scenario) if report.scenario else None,
        "scenario_words": words_of(report.scenario, report.currency) if report.scenario else None,
        "results": [shown_section(section) for section in report.results],
        "annex": [shown_section(section) for section in report.annex] if for_staff else [],
        "files": [file for file in report.files if for_staff or not file.is_internal],
        "for_staff": for_staff,
        "checks_failed": next((figure for figure in report.quality.counts if figure.key == "checks_failed"), None),
    }


def shown_section(section: Section) -> tuple[Section, list[ShownTable], SafeString]:
    """Return a section with its tables in words and the rest of its content as HTML, empty if there is none."""
    raw = json_as_html(section.raw) if section.raw else SafeString("")
    return section, [shown_table(table, "") for table in section.tables], raw


def words_of(scenario: Scenario, currency: str) -> dict[str, str]:
    """Return the figures of the scenario in words; empty for those that were not delivered."""
    money = {"monthly": scenario.recovered_monthly_cost, "annual": scenario.recovered_annual_cost}
    return {
        "share": in_unit(scenario.avoidable_percent, Unit.PERCENT),
        "hours": in_unit(scenario.recovered_hours, Unit.HOURS),
        "interval": interval_in_words(scenario),
        **{key: "" if amount is None else money_in_words(amount, currency) for key, amount in money.items()},
    }


def interval_in_words(scenario: Scenario) -> str:
    """Return the interval of the recovered hours in words; empty if it was not delivered."""
    if scenario.low_hours is None or scenario.high_hours is None:
        return ""
    values = {"low": in_unit(scenario.low_hours, Unit.HOURS), "high": in_unit(scenario.high_hours, Unit.HOURS)}
    if scenario.level is None:
        return _("%(low)s to %(high)s") % values
    words = _("%(low)s to %(high)s, with %(level)s confidence, by the spread of the rows")
    return words % {**values, "level": in_unit(scenario.level, Unit.PERCENT)}


def sliders(scenario: Scenario) -> dict[str, dict[str, Decimal]]:
    """Return for each slider its value, least, most and step.

    A browser moves a value to the nearest step from the least one, so the least is chosen to have the value on a step.
    """
    found = {
        "cap": slider(scenario.cap_percent, most=100, step="1"),
        "factor": slider(scenario.factor, most=max(3, 2 * scenario.factor), step="0.05"),
    }
    if scenario.hourly_rate is not None:
        found["rate"] = slider(scenario.hourly_rate, most=max(10, 3 * scenario.hourly_rate), step="1")
    return found


def slider(value: float, *, most: float, step: str) -> dict[str, Decimal]:
    """Return the value, the least and the most of a slider, and its step."""
    exact, width = Decimal(repr(value)), Decimal(step)
    least = exact % width
    steps = (Decimal(repr(float(most))) - least) // width
    return {"value": exact, "least": least, "most": max(least + steps * width, exact), "step": width}
