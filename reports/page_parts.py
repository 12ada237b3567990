"""What the page of a report shows beside the model: plots, tables in words, the sliders of the scenario."""

from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from pages.admin_pages import json_as_html
from reports.model import Report, Scenario, Section
from reports.scenario_words import words_of
from reports.showing import ShownTable, drawn_plots, shown_table

# The tables that are shown open; all others are folded.
OPEN_TABLES = ("recurring",)


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
