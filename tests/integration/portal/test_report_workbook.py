"""A report as a workbook: its values are the report's, its formulas compute them, and no text of a row is a formula."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import override

from backlog.models import Project
from reports.building import report_of
from reports.exports import workbook_rows
from reports.exports.formats import Format
from reports.exports.making import report_file
from tests.delivered import ROWS, contents, deliver, deliver_all, full_contents, know
from tests.workbooks import ReadWorkbook

pytestmark = pytest.mark.django_db

Opened = Callable[..., Project]
SHEETS = [
    *("Summary", "Findings", "Categories", "Recurring tasks", "Further tables", "Assumptions", "Data quality"),
    *("Provenance", "Rows"),
]


@pytest.fixture
def project(opened: Opened) -> Project:
    """A project with everything that an analysis may deliver."""
    project = opened(title="Time at the loan desk")
    know(project, currency="EUR", hourly_rate=45, period={"type": "month"}, rows=ROWS)
    deliver_all(project, full_contents())
    return project


def workbook(project: Project) -> ReadWorkbook:
    """The project's report as a workbook."""
    return ReadWorkbook(report_file(project, Format.XLSX, for_staff=False).content)


def line(read: ReadWorkbook, sheet: str, first: str) -> list[Any]:
    """The line of the sheet that begins with this text."""
    return next(row for row in read.sheets[sheet] if row and row[0] == first)


def test_the_sheets_have_the_figures_of_the_report(project: Project) -> None:
    read, report = workbook(project), report_of(project)
    assert report is not None
    assert list(read.sheets) == SHEETS
    for figure in report.headline:
        assert line(read, "Summary", figure.label)[1] == pytest.approx(figure.value)
    for table, sheet in (("categories", "Categories"), ("recurring", "Recurring tasks")):
        expected = next(each for each in report.tables if each.key == table)
        for row, stored in zip(expected.rows, read.sheets[sheet][1:], strict=False):
            for value, cell in zip(row, stored, strict=False):
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert cell == pytest.approx(value, abs=0.006)
    assert [row[0] for row in read.sheets["Findings"][1:]] == [finding.title for finding in report.findings]
    assert [row[0] for row in read.sheets["Rows"][1:]] == [row["text"] for row in ROWS]


def test_every_formula_computes_to_the_value_that_is_stored_with_it(project: Project) -> None:
    read = workbook(project)
    assert len(read.formulas) >= 12
    for place, formula in read.formulas.items():
        assert read.value_of(formula, place[0]) == pytest.approx(read.stored(place), abs=0.006), place


def test_the_totals_and_the_scenario_are_formulas(project: Project) -> None:
    read = workbook(project)
    formulas = " ".join(read.formulas.values())
    assert "SUM(" in formulas
    assert "MIN(cap_percent,recurring_factor*recurring_percent)" in formulas
    in_summary = [place for place in read.formulas if place[0] == "Summary"]
    assert len(in_summary) >= 4


def test_another_rate_or_cap_changes_what_follows_from_it(project: Project) -> None:
    content = workbook(project).content
    plain, dearer = ReadWorkbook(content), ReadWorkbook(content, {"hourly_rate": 90.0})
    for name in ("recovered_monthly_cost", "recovered_annual_cost"):
        assert dearer.named(name) == pytest.approx(2 * plain.named(name))
    capped = ReadWorkbook(content, {"cap_percent": 10.0})
    assert capped.named("avoidable_percent") == 10
    assert capped.named("recovered_hours") == pytest.approx(plain.named("monthly_hours") / 10)
    total = next(place for place, formula in plain.formulas.items() if place[0] == "Categories" and "SUM(E" in formula)
    assert dearer.computed(total) == pytest.approx(2 * plain.computed(total))


def test_money_and_hours_are_numbers_in_formats_that_name_currency_and_unit(project: Project) -> None:
    read = workbook(project)
    styles = read.part("xl/styles.xml")
    assert "#,##0.00\\ &quot;EUR&quot;" in styles
    assert "#,##0.00\\ &quot;h&quot;" in styles
    assert all(isinstance(cell, float) for cell in line(read, "Categories", "Payables")[1:])


def test_the_header_of_a_table_stays_in_sight(project: Project) -> None:
    read = workbook(project)
    assert 'topLeftCell="A2"' in read.part("xl/worksheets/sheet3.xml")
    assert "autoFilter" in read.part("xl/worksheets/sheet3.xml")


TEXTS = ["=1+1", "@SUM(A1)", "+1", "-1", '=HYPERLINK("http://x.example")', "http://x.example", "12"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_written_as_a_text_whatever_it_begins_with(opened: Opened, text: str) -> None:
    project = opened(title=text)
    rows = [{"text": text, "category": text, "estimated_minutes": 30}] * 3
    know(project, rows=rows)
    deliver_all(project, contents(rows))
    read = workbook(project)
    assert read.sheets["Rows"][1][:2] == [text, text]
    assert read.sheets["Categories"][1][0] == text
    assert not [place for place in read.formulas if place[0] in ("Rows", "Findings", "Provenance") or not place[2]]
    assert "hyperlink" not in read.part("xl/worksheets/sheet9.xml").lower()


def test_a_long_request_is_cut_and_the_sheet_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_rows, "MOST_ROWS", 2)
    rows = workbook(project).sheets["Rows"]
    assert len(rows) == 4
    assert "Only the first 2 rows are listed here" in rows[3][1]


def test_a_figure_that_the_formula_does_not_give_stands_as_it_was_delivered(opened: Opened) -> None:
    project = opened()
    know(project, currency="EUR", hourly_rate=45, rows=ROWS)
    found = full_contents()
    found["with_agent_scenario"]["recovered_hours"] = 0.33
    deliver_all(project, found)
    read = workbook(project)
    assert read.named("recovered_hours") == 0.33
    assert read.names["recovered_hours"] not in [f"{sheet}" for sheet, _row, _column in read.formulas]
    assert line(read, "Assumptions", "Hours a month that an agent could take over")[1] == 0.33


def test_a_report_of_another_shape_gives_a_workbook_with_sentences_in_place_of_tables(opened: Opened) -> None:
    project = opened()
    deliver(project, "strange", {"a": [{"b": "\x00\x1f=x"}], "big": 10**40, "c": None})
    read = workbook(project)
    assert read.sheets["Categories"] == [["Nothing was delivered for this sheet."]]


def test_the_workbook_is_in_the_reader_s_language(project: Project) -> None:
    with override("fr"):
        read = workbook(project)
    for place, formula in read.formulas.items():
        assert read.value_of(formula, place[0]) == pytest.approx(read.stored(place), abs=0.006), place


def test_the_same_report_gives_the_same_bytes(project: Project) -> None:
    assert workbook(project).content == workbook(project).content
