"""What models wrote beside the executive summary is marked on the page and in every file of the report."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook

from backlog.models import Deliverable, Item, Project
from reports.building import report_of
from reports.documents import as_document
from reports.exports.blocks import Text
from reports.exports.printed import parts_of
from tests.delivered import ROWS, contents, deliver, deliver_all, know

pytestmark = pytest.mark.django_db
Opened = Callable[..., Project]
TOLD: dict[str, Any] = {
    "written_by": "model", "provider": "anthropic", "model": "claude-haiku-4-5", "prompt": "x", "prompt_version": 3,
    "calls": 1, "cost_usd": 0.0123, "is_estimate": False, "masked": [],
}  # fmt: skip
WRITTEN: dict[str, dict[str, Any]] = {
    "task_names": {"names": [{"name": "Checking of invoices", "task": "Check invoice 4711", "count": 2,
                              "named_by": "model", "fingerprint": "check invoice"}]},
    "row_categories": {"tasks": [
        {"text": "Call the bank", "category": "Payables", "rows": 1, "minutes": 30.0, "put_by": "model"},
        {"text": "sort things", "category": "Closing", "rows": 2, "minutes": 15.0, "put_by": "person"},
        {"text": "the rest", "rows": 4, "minutes": 5.0, "put_by": "nobody"}]},
    "requirements_by_model": {"requirements": [
        {"number": 1, "text": "It costs little", "source_sentence": "It must be cheap.", "written_by": "model"}]},
    "test_design": {"tests": [{"requirement": 1, "title": "A look", "steps": ["Open it", "Read it"],
                               "expected": "Cheap", "written_by": "model"}], "uncovered": [2], "left_out": 1},
    "development_draft": {"steps": [{"requirement": 1, "input": "A file", "what_happens": "It is read",
                                     "result": "A list", "what_can_go_wrong": "It is empty"}]},
}  # fmt: skip


@pytest.fixture
def reported(rita: Client, opened: Opened) -> Project:
    """A project with everything that models can write."""
    project = opened()
    know(project, currency="EUR", period={"type": "month"}, rows=ROWS)
    deliver_all(project, contents())
    for kind, content in WRITTEN.items():
        deliver(project, kind, {**TOLD, **content})
    return project


def marks(report: Any) -> list[str]:
    """The marks of the sections that a model wrote."""
    return [section.mark for section in report.by_model]


def test_every_form_of_the_report_marks_each_of_them(reported: Project, rita: Client) -> None:
    report = report_of(reported)
    assert report is not None
    assert len(marks(report)) == len(WRITTEN)
    assert all(
        "The language model claude-haiku-4-5 (anthropic) wrote this text, with version 3" in m for m in marks(report)
    )
    html = rita.get(reverse("portal:report", args=[reported.pk])).content.decode()
    assert html.count("claude-haiku-4-5 (anthropic)") == len(WRITTEN)
    assert "called “Checking of invoices” by a language model" in html
    printed = [block for part in parts_of(report, for_staff=False) for block in part.blocks if isinstance(block, Text)]
    assert [block.text for block in printed if block.is_warning and block.text in marks(report)] == marks(report)
    workbook = rita.get(reverse("portal:report-file", args=[reported.pk, "xlsx"])).content
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    lines = [line[0] for line in sheets.get_sheet_by_name("By a language model").to_python()]
    assert [line for line in lines if line in marks(report)] == marks(report)
    assert "Name by a language model" in sheets.get_sheet_by_name("Recurring tasks").to_python()[0]
    document = as_document(report)
    assert [section["mark"] for section in document["sections"] if section["mark"]] == marks(report)
    assert [task["name_by_model"] for task in document["recurring"]] == ["Checking of invoices"]


def test_what_a_person_decided_is_told_apart_from_what_a_model_did(reported: Project, rita: Client) -> None:
    report = report_of(reported)
    assert report is not None
    [section] = [section for section in report.sections if section.kind == "row_categories"]
    assert section.points[:3] == [
        "A language model put 1 row with 30.00\xa0min into a category.",
        "A person put 2 rows with 15.00\xa0min into a category.",
        "4 rows with 5.00\xa0min stay without a category.",
    ]
    assert [row[2] for row in section.tables[0].rows] == ["a language model", "a person", "nobody"]
    rows = rita.get(reverse("portal:rows", args=[reported.pk]) + "?by=all").content.decode()
    assert "Payables (put there by: a language model)" in rows
    csv = rita.get(reverse("portal:csv", args=[reported.pk, section.deliverable_id]) + "?table=tasks")
    assert b"put_by" in csv.content


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_nobody_wrote_says_why_and_what_there_was_nothing_to_ask_about_says_nothing(
    opened: Opened, kind: str
) -> None:
    project = opened()
    deliver_all(project, contents())
    deliver(project, kind, {"written_by": "nobody", "reason": "over_budget", "calls": 0, "cost_usd": 0.0})
    report = report_of(project)
    assert report is not None
    [section] = [section for section in report.sections if section.kind == kind]
    assert section.points == ["No language model was asked for a text, because the budget does not suffice."]
    assert (section.mark, section.tables, report.by_model) == ("", [], [])
    deliver(project, kind, {"written_by": "nobody", "reason": "no_tasks", "calls": 0, "cost_usd": 0.0})
    report = report_of(project)
    assert report is not None
    assert not [section for section in report.sections if section.kind == kind]


def test_the_figures_are_the_same_with_and_without_what_models_wrote(opened: Opened, reported: Project) -> None:
    plain = opened()
    know(plain, currency="EUR", period={"type": "month"}, rows=ROWS)
    deliver_all(plain, contents())
    with_models, without = report_of(reported), report_of(plain)
    assert with_models is not None
    assert without is not None
    assert with_models.headline == without.headline
    assert [f.figures for f in with_models.findings] == [f.figures for f in without.findings]
    assert json.dumps([t.rows for t in with_models.tables if t.key == "categories"], default=str) == json.dumps(
        [t.rows for t in without.tables if t.key == "categories"], default=str
    )


@pytest.mark.spine
@pytest.mark.both
def test_what_needs_an_approval_is_shown_to_requesters_only_once_it_has_it(reported: Project, rita: Client) -> None:
    reported.items.update(approval="after")
    [deliverable] = Deliverable.objects.filter(project=reported, type="task_names")
    files = [reverse("portal:json", args=[reported.pk, deliverable.pk]), f"/api/v1/deliverables/{deliverable.pk}"]
    assert [rita.get(address).status_code for address in files] == [404, 404]
    assert "Checking of invoices" not in rita.get(reverse("portal:report", args=[reported.pk])).content.decode()
    report = report_of(reported)
    assert report is not None
    assert {section.points[0] for section in report.sections if section.kind in WRITTEN} == {
        "A language model wrote a text, and nobody has approved it yet."
    }
    assert not [file for file in report.files if file.kind in WRITTEN]
    assert [file for file in report.files if file.kind == "cost_analysis"], "figures are computed, and shown as ever"
    Item.objects.filter(project=reported).update(state="DONE")
    assert [rita.get(address).status_code for address in files] == [200, 200]
    assert "Checking of invoices" in rita.get(reverse("portal:report", args=[reported.pk])).content.decode()
