"""Figures for a month need the period of the rows and a currency: read, given, or asked for, and never assumed."""

import asyncio
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils.translation import override
from pytest_django import Settings

from accounts.roles import OPERATOR
from backlog.blueprints import checked_definition, newest_version
from backlog.checks import currency_is_known
from backlog.errors import ForbiddenContext, InvalidTemplate
from backlog.models import Deliverable, Project
from clarifications.errors import InvalidAnswer
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question
from events.models import Event
from intake.submitting import Request, open_request
from tests.callers import machine
from tests.flows import answer, opened_by, put, request
from tests.invariants import violations
from tests.system import GROUPS, agent_server, group_server, run_to_rest, serve_to_rest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

AGENTS = ("requirements_manager", "time_waste_worker", "cost_worker", "friction_worker", "scenario_worker")
BARE = [{"text": "Match payments", "estimated_minutes": 60}] * 90
FIRST = date(2026, 1, 1)
DATED = [{**row, "started_at": (FIRST + timedelta(days=n)).isoformat()} for n, row in enumerate(BARE)]
# 90 hours at 60 an hour, spread over the months that 90 days are.
A_MONTH = round(90 * 60 * (365.25 / 12) / 90, 2)


def work_on() -> None:
    """Let the groups and the agents do what there is to do."""
    servers = [*map(group_server, GROUPS), *map(agent_server, AGENTS)]
    asyncio.run(serve_to_rest(servers))


def audit(**context: Any) -> Project:
    """An audit that an event opens with this work context, carried on as far as it goes with its agents."""
    put(event := request("audit", work_context={"hourly_rate": 60, **context}))
    work_on()
    return Project.objects.get(pk=event["payload"]["project_id"])


def cost_of(project: Project) -> dict[str, Any]:
    """What the cost analysis of the project says."""
    content: dict[str, Any] = Deliverable.objects.get(project=project, type="cost_analysis").content
    return content


def sheet(folder: Path, *, dated: bool) -> Path:
    """A file with the same rows, with a date each or without."""
    rows = DATED if dated else BARE
    lines = [f"{row['text']},{row['estimated_minutes']},{row.get('started_at', '')}" for row in rows]
    (path := folder / "team.csv").write_text("Task,Duration (min),Date\n" + "\n".join(lines))
    return path


# -- the period ------------------------------------------------------------------------------------
def test_dated_rows_of_an_event_are_billed_for_the_days_that_they_cover() -> None:
    project = audit(rows=DATED)
    assert not Question.objects.exists()
    costs = cost_of(project)
    assert (costs["monthly_cost"], costs["currency"]) == (A_MONTH, "EUR")
    assert (costs["period"]["days"], costs["period"]["source"]) == (90, "dates")
    assert project.context.provenance["period"]["by"] == "dates of the rows"
    assert violations() == []


def test_dated_rows_of_a_file_are_billed_for_the_days_that_they_cover(tmp_path: Path) -> None:
    project = open_request(Request(file=sheet(tmp_path, dated=True), context={"hourly_rate": 60}))
    work_on()
    assert cost_of(project)["monthly_cost"] == A_MONTH


def test_stored_rows_of_a_file_keep_what_they_tell(tmp_path: Path, settings: Settings) -> None:
    settings.CLAIM_CHECK_BYTES = 1000
    project = open_request(Request(file=sheet(tmp_path, dated=True), context={"hourly_rate": 60}))
    assert project.context.data["rows_ref"]["rows"] == 90
    work_on()
    assert cost_of(project)["monthly_cost"] == A_MONTH


def test_rows_without_dates_are_asked_for_their_period_once_for_all_items_that_need_it() -> None:
    project = audit(rows=BARE)
    question = Question.objects.get()
    held = question.blockings.order_by("item__position").values_list("item__key", flat=True)
    assert (question.field, list(held)) == ("period", ["cost", "scenario"])
    choices = question.schema["properties"]["type"]["x_choices"]
    assert (choices["month"]["hours_a_month"], choices["quarter"]["hours_a_month"]) == (90, 30)
    assert not Deliverable.objects.filter(type="cost_analysis").exists()
    answer(question, {"type": "quarter"})
    work_on()
    assert cost_of(project)["monthly_cost"] == 1800
    assert cost_of(project)["period"] == {"type": "quarter", "source": "answer"}
    assert violations() == []


def test_a_number_of_working_days_is_an_answer_too() -> None:
    project = audit(rows=BARE)
    question = Question.objects.get()
    with pytest.raises(InvalidAnswer, match="number of working days"):
        answer(question, {"type": "working_days"})
    answer(question, {"type": "working_days", "working_days": 65})
    work_on()
    assert cost_of(project)["monthly_cost"] == 1800


def test_a_date_far_from_the_others_is_asked_about_with_what_each_reading_would_make() -> None:
    project = audit(rows=[*DATED, {**BARE[0], "started_at": "2022-01-01"}])
    question = Question.objects.get()
    assert question.description == "Dates far away from all others: 2022-01-01"
    choices = question.schema["properties"]["type"]["x_choices"]
    likely, all_dates = list(choices)[:2]
    assert (likely, choices[likely]["days"]) == ("2026-01-01/2026-03-31", 90)
    assert choices[all_dates]["hours_a_month"] < 2 < 30 < choices[likely]["hours_a_month"]
    answer(question, {"type": likely})
    work_on()
    assert cost_of(project)["period"]["last"] == "2026-03-31"


def test_a_period_that_the_request_names_stands() -> None:
    assert cost_of(audit(rows=BARE, period={"type": "monthly"}))["monthly_cost"] == 5400


def test_a_period_that_says_nothing_is_asked_for() -> None:
    audit(rows=BARE, period={"type": "eon"})
    question = Question.objects.get()
    assert question.field == "period"
    assert "eon" in question.reason


def test_rows_that_an_answer_brings_tell_their_period() -> None:
    project = audit()
    asked = Question.objects.filter(status="OPEN")
    assert {question.field for question in asked} == {"rows"}
    dated = [{"text": row["text"], "estimated_minutes": 60, "started_at": row["started_at"]} for row in DATED]
    answer(asked.get(), dated)
    work_on()
    assert cost_of(project)["monthly_cost"] == A_MONTH


def test_a_spreadsheet_that_answers_the_question_for_rows_brings_their_period(tmp_path: Path) -> None:
    project = audit()
    content = sheet(tmp_path, dated=True).read_bytes()
    form = AnswerForm(Question.objects.get(), {}, {"spreadsheet": SimpleUploadedFile("team.csv", content)})
    assert "started_at" not in str(form)
    assert form.fits(), form.errors
    answer(Question.objects.get(), form.answer())
    work_on()
    assert cost_of(project)["monthly_cost"] == A_MONTH


def test_a_file_in_doubt_tells_its_period_all_the_same(tmp_path: Path) -> None:
    path = sheet(tmp_path, dated=True)
    path.write_text(path.read_text().replace("Duration (min)", "Time Spent"))
    project = open_request(Request(file=path, context={"hourly_rate": 60}))
    run_to_rest()
    assert [question.field for question in Question.objects.all()] == ["reading_duration_unit"]
    answer(Question.objects.get(), "min")
    work_on()
    assert cost_of(project)["monthly_cost"] == A_MONTH


def test_a_person_chooses_the_period_on_a_form_in_their_language() -> None:
    audit(rows=BARE)
    question = Question.objects.get()
    form = AnswerForm(question, {"answer_type": '"quarter"', "answer_working_days": ""})
    assert "One quarter: 30 hours a month" in str(form)
    assert form.fits()
    assert form.answer() == {"type": "quarter"}


# -- the currency ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("named", "of_template", "setting", "used"),
    [("CHF", "USD", "EUR", "CHF"), (None, "USD", "EUR", "USD"), (None, "", "EUR", "EUR")],
)
def test_the_currency_is_the_requests_else_the_templates_else_the_installations(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, named: str | None, of_template: str, setting: str, used: str
) -> None:
    settings.CURRENCY = setting
    template = newest_version("audit")
    changed = checked_definition({**template.definition, "currency": of_template})
    monkeypatch.setattr("backlog.blueprints.definition_of", lambda _pk: changed)
    project = opened_by(request("audit", work_context={"rows": DATED, "hourly_rate": 60, "currency": named}))
    assert project.context.data["currency"] == used


def test_without_a_currency_it_is_asked_for_once(settings: Settings) -> None:
    settings.CURRENCY = ""
    project = audit(rows=DATED)
    question = Question.objects.get()
    held = question.blockings.order_by("item__position").values_list("item__key", flat=True)
    assert (question.field, list(held)) == ("currency", ["cost", "scenario"])
    with pytest.raises(InvalidAnswer):
        answer(question, "EURO")
    answer(question, "SEK")
    work_on()
    assert cost_of(project)["currency"] == "SEK"
    assert "SEK a month" in cost_of(project)["summary"]
    assert violations() == []


def test_a_currency_that_is_none_is_refused_at_every_door(settings: Settings) -> None:
    with pytest.raises(ForbiddenContext, match="no currency of ISO 4217"):
        open_request(Request(text="Look at our time.", context={"currency": "euro"}))
    with pytest.raises(CommandError, match="no currency"):
        call_command("intake", text="Look at our time.", currency="xau", stdout=StringIO())
    with pytest.raises(InvalidTemplate, match="no currency"):
        checked_definition({**newest_version("audit").definition, "currency": "EURO"})
    body = {"request_text": "Look at our time.", "work_context": {"currency": "euro"}}
    refused = machine("bot", OPERATOR).post("projects", body)
    assert refused.status_code == 422
    assert "no currency of ISO 4217" in refused.json()["detail"]
    put(request("audit", work_context={"currency": "euro"}))
    run_to_rest()
    assert not Project.objects.exists()
    settings.CURRENCY = "XAU"
    assert [fault.id for fault in currency_is_known()] == ["backlog.E001"]


def test_the_command_takes_a_currency_in_any_case() -> None:
    call_command("intake", text="Look at our time.", currency="chf", stdout=StringIO())
    assert Project.objects.get().context.data["currency"] == "CHF"


def test_the_question_for_the_period_is_asked_in_words_of_the_reader() -> None:
    audit(rows=BARE)
    with override("en"):
        assert "no dates" in str(Question.objects.get().description)
    assert Event.objects.filter(type="CLARIFICATION.QUESTION_ASKED").count() == 1
