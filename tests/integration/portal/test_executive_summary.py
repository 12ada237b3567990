"""The executive summary in a report: what a model wrote is marked wherever it is shown, and its cost is told."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from python_calamine import CalamineWorkbook

from backlog.models import Project
from reports.building import report_of
from reports.documents import as_document
from reports.exports.blocks import Text
from reports.exports.printed import parts_of
from tests.delivered import contents, deliver, deliver_all, know

pytestmark = pytest.mark.django_db
Opened = Callable[..., Project]
PROSE = "Most of the time goes to “Payables”."
BY_MODEL: dict[str, Any] = {
    "written_by": "model",
    "sentences": ["The data hold 3 hours of <b>work</b>.", PROSE],
    "provider": "anthropic",
    "model": "claude-haiku-4-5",
    "prompt": "executive_summary",
    "prompt_version": 1,
    "calls": 2,
    "cost_usd": 0.0123,
    "is_estimate": False,
    "masked": [{"kind": "name", "count": 2}, {"kind": "mail", "count": 1}],
}
MARK = "Executive summary, written by a language model"


@pytest.fixture
def reported(opened: Opened) -> Callable[..., Project]:
    def report(**executive: Any) -> Project:
        project = opened()
        know(project, currency="EUR", period={"type": "month"})
        deliver_all(project, contents())
        if executive:
            deliver(project, "executive_summary", executive)
        return project

    return report


def page(client: Client, project: Project) -> str:
    return client.get(reverse("portal:report", args=[project.pk])).content.decode()


def test_the_page_marks_what_a_model_wrote_and_says_what_it_cost(
    rita: Client, reported: Callable[..., Project]
) -> None:
    html = page(rita, reported(**BY_MODEL))
    assert MARK in html
    assert "The language model claude-haiku-4-5 (anthropic) wrote this text, with version 1 of our prompt." in html
    assert "The data hold 3 hours of &lt;b&gt;work&lt;/b&gt;. " + PROSE in html
    assert "Cost: 0.0123 US dollars, for 2 calls." in html
    assert "Masked before the model was asked: 2 names, 1 mail address." in html


def test_every_form_of_the_report_marks_it(reported: Callable[..., Project], rita: Client) -> None:
    project = reported(**BY_MODEL)
    report = report_of(project)
    assert report is not None
    assert report.executive_summary is not None
    document = as_document(report)["executive_summary"]
    assert (document["is_by_model"], document["sentences"][1], document["cost_usd"]) == (True, PROSE, 0.0123)
    (part,) = [part for part in parts_of(report, for_staff=True) if part.title == MARK]
    assert part.blocks[0] == Text(report.executive_summary.mark, is_warning=True)
    workbook = rita.get(reverse("portal:report-file", args=[project.pk, "xlsx"])).content
    lines = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_index(0).to_python()
    assert [line[0] for line in lines if PROSE in line] == ["Written by a language model"]
    assert not [section for section in report.sections if section.kind == "executive_summary"]


def test_a_report_without_a_model_says_why_and_has_no_mark(rita: Client, reported: Callable[..., Project]) -> None:
    silent = {"written_by": "nobody", "sentences": ["99%"], "reason": "test_mode", "details": [], "calls": 0}
    html = page(rita, reported(**silent, cost_usd=0.0, is_estimate=False, masked=[]))
    assert "No language model was asked for a text, because the test mode is on." in html
    assert "made by rules, from the figures" in html
    assert MARK not in html
    assert "99%" not in html
    assert "Cost:" not in html


def test_a_report_of_a_project_without_such_an_item_does_not_speak_of_models(
    rita: Client, reported: Callable[..., Project]
) -> None:
    project = reported()
    assert "anguage model" not in page(rita, project)
    report = report_of(project)
    assert report is not None
    assert report.executive_summary is None


@pytest.mark.parametrize("reason", ["no_key", "over_budget", "no_figures", "no_answer", "a new one"])
def test_each_reason_is_told_in_words_in_both_languages(reported: Callable[..., Project], reason: str) -> None:
    project = reported(written_by="nobody", reason=reason)
    for language in ("en", "fr"):
        with override(language):
            report = report_of(project)
            assert report is not None
            assert report.executive_summary is not None
            assert len(report.executive_summary.mark) > 80


def test_a_summary_of_another_shape_is_shown_as_any_deliverable(reported: Callable[..., Project]) -> None:
    report = report_of(reported(text="Somebody else's worker wrote this."))
    assert report is not None
    assert report.executive_summary is None
    assert [section.kind for section in report.sections if section.kind == "executive_summary"] == ["executive_summary"]
