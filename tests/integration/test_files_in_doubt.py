"""A file that can be read in several ways: its project waits for a person, and each answer gives its own figures."""

import asyncio
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.translation import override
from pytest_django import Settings

from accounts.roles import OPERATOR, REQUESTER
from backlog.models import Project
from backlog.selectors import latest_deliverables
from clarifications.errors import InvalidAnswer
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question
from events import artifacts
from intake import combinations
from intake.inspection import inspect_file
from intake.spreadsheets import outside
from intake.spreadsheets.sheet import Unreadable
from intake.submitting import Request, open_request, read_file
from tests.callers import account, machine
from tests.flows import answer, dispatch_of, item_of, step, template
from tests.invariants import violations
from tests.system import GROUPS, agent_server, group_server, run_to_rest, serve_to_rest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

SHEET = "Task,Category,Time Spent\nMatch payments,Receivables,2100\nFile,Payables,300\nClose,Close,1800\n"
# The total of the sheet in minutes, by the unit of its numbers.
TOTALS = {"s": 70, "min": 4200}
AGENTS = ("requirements_manager", "time_waste_worker", "cost_worker", "friction_worker")


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A file whose numbers are in seconds or in minutes, which it does not say."""
    path = tmp_path / "team.csv"
    path.write_text(SHEET)
    return path


def opened(sheet: Path, **more: Any) -> Project:
    """The project of this file, carried on as far as it goes with the agents of the audit's analyses."""
    known = {"hourly_rate": 45, "period": {"type": "month"}}
    project = open_request(Request(file=sheet, context=known, **more))
    work_on()
    return Project.objects.get(pk=project.pk)


def work_on() -> None:
    """Let the groups and the agents do what there is to do."""
    servers = [*map(group_server, GROUPS), *map(agent_server, AGENTS)]
    asyncio.run(serve_to_rest(servers))


def test_a_file_in_doubt_opens_a_project_that_waits_with_one_question_that_carries_the_totals(sheet: Path) -> None:
    project = opened(sheet)
    assert project.status == "WAITING"
    question = Question.objects.get(project=project)
    assert (question.field, question.pointer) == ("reading_duration_unit", "/reading/duration_unit")
    choices = question.schema["x_choices"]
    assert {value: choices[value]["minutes"] for value in TOTALS} == TOTALS
    assert set(choices) == set(question.schema["enum"])
    assert "Match payments | Receivables | 2100" in question.description
    assert item_of(project, "requirements").state == "DONE"
    assert {item_of(project, key).state for key in ("time_waste", "cost", "friction")} == {"BLOCKED"}
    assert set(latest_deliverables(project.pk)) == {"requirements_analysis"}
    assert violations() == []


@pytest.mark.parametrize("unit", list(TOTALS))
def test_the_answer_decides_the_figures(sheet: Path, unit: str) -> None:
    project = opened(sheet)
    answer(Question.objects.get(), unit)
    work_on()
    found = latest_deliverables(project.pk)
    assert found["time_waste_analysis"].content["total_minutes"] == TOTALS[unit]
    sent = dispatch_of(project, "cost")["payload"]["work_context"]
    assert sum(row["estimated_minutes"] for row in sent["rows"]) == TOTALS[unit]
    assert not {"readings", "reading"} & set(sent)
    assert found["cost_analysis"].content["total_hours"] == pytest.approx(TOTALS[unit] / 60, abs=0.01)
    provenance = Project.objects.get().context.provenance["reading_duration_unit"]
    assert (provenance["by"], provenance["door"]) == ("ann", "rest")


def test_no_file_is_read_when_a_person_answers(sheet: Path) -> None:
    project = opened(sheet)
    sheet.unlink()
    answer(Question.objects.get(), "s")
    run_to_rest()
    assert item_of(project, "cost").state == "IN_PROGRESS"


def test_what_is_no_choice_is_refused_and_the_project_waits_on(sheet: Path) -> None:
    project = opened(sheet)
    with pytest.raises(InvalidAnswer, match="Please choose one of these"):
        answer(Question.objects.get(), "fortnights")
    assert item_of(project, "cost").state == "BLOCKED"


def test_the_form_shows_what_each_choice_would_total(sheet: Path) -> None:
    opened(sheet)
    page = str(AnswerForm(Question.objects.get()))
    assert "seconds: 70 minutes in all, which are 1.2 hours" in page
    assert "minutes: 4,200 minutes in all, which are 70 hours" in page


def test_the_form_shows_the_choices_in_the_readers_language(sheet: Path) -> None:
    opened(sheet)
    with override("fr"):
        page = str(AnswerForm(Question.objects.get()))
    assert "secondes : 70 minutes en tout, soit 1,2 heures" in page
    assert "Lignes du fichier\xa0: Match payments" in page


def test_a_template_that_needs_rows_is_asked_how_to_read_them_and_not_for_them(sheet: Path) -> None:
    needs = {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "minItems": 1, "maxItems": 1000}},
    }
    project = opened(sheet, template=template(step("only", needs=needs)))
    answer(Question.objects.get(), "s")
    work_on()
    assert item_of(project).state == "IN_PROGRESS"
    assert len(dispatch_of(project)["payload"]["work_context"]["rows"]) == 3


def test_rows_too_many_for_an_event_are_stored_for_each_choice(sheet: Path, settings: Settings) -> None:
    settings.CLAIM_CHECK_BYTES = 1000
    project = opened(sheet)
    kept = project.context.data["readings"]["rows"]
    assert all(reading["rows"] == [] and reading["rows_ref"]["rows"] == 3 for reading in kept.values())
    answer(Question.objects.get(), "s")
    work_on()
    assert latest_deliverables(project.pk)["time_waste_analysis"].content["total_minutes"] == 70
    assert dispatch_of(project, "cost")["payload"]["work_context"]["rows"] == []


def test_a_large_file_in_doubt_is_kept_as_columns_for_each_choice(tmp_path: Path, settings: Settings) -> None:
    settings.CLAIM_CHECK_BYTES = 1000
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, at_once=1, waiting=0)
    sheet = tmp_path / "team.csv"
    sheet.write_text(SHEET + SHEET.partition("\n")[2] * 20)
    read = read_file(sheet)
    kept = read.context["readings"]["rows"]
    assert {reading["rows_ref"]["media_type"] for reading in kept.values()} == {artifacts.PARQUET}
    assert read.report["rows_read"] == 63
    choices = read.context["readings"]["doubts"][0]["choices"]
    assert {choice["value"]: choice["minutes"] for choice in choices if choice["value"] in TOTALS} == {
        unit: 21 * minutes for unit, minutes in TOTALS.items()
    }


def test_two_doubts_are_two_questions_and_both_answers_together_decide(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("Task,Time Spent\nA,2100\nB,300\nC,600\nD,3000\n")
    found = read_file(path)
    minutes = {q["field"]: [choice["minutes"] for choice in q["choices"]] for q in found.report["questions"]}
    # Each total takes the first choice for the other question: seconds, and a last row that is a total.
    assert minutes == {"duration_unit": [50, 0.05, 3000], "last_row": [50, 100]}
    assert [doubt.choices[0].minutes for doubt in inspect_file(path).doubts] == [50, 50]
    project = opened(path)
    for field, value in (("last_row", "task"), ("duration_unit", "s")):
        answer(Question.objects.get(field=f"reading_{field}", status="OPEN"), value)
    work_on()
    assert Question.objects.count() == 2
    assert latest_deliverables(project.pk)["time_waste_analysis"].content["total_minutes"] == 100


def test_what_an_answer_decides_is_asked_after_it(tmp_path: Path) -> None:
    path = tmp_path / "columns.csv"
    path.write_text("Task,Time,Effort\nA,2100,60\nB,300,20\nC,1800,90\n")
    project = opened(path)
    first = Question.objects.get()
    assert first.field == "reading_duration_column"
    answer(first, "Effort")
    second = Question.objects.get(status="OPEN")
    assert second.title == "In which unit are the numbers of “Effort”?"
    assert second.schema["x_choices"]["min"]["minutes"] == 170
    answer(second, "min")
    work_on()
    assert latest_deliverables(project.pk)["time_waste_analysis"].content["total_minutes"] == 170
    assert violations() == []


def test_a_file_that_leaves_too_much_open_is_refused_with_what_to_do(
    sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(combinations, "MOST_COMBINATIONS", 1)
    with pytest.raises(Unreadable, match=r"In which unit .* Send answers with it, such as duration_unit=s"):
        opened(sheet)
    assert Project.objects.count() == 0


def test_a_file_in_doubt_is_read_outside_of_transactions(sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, read = [], outside.next_chunk

    def watched(*arguments: Any) -> bytes:
        seen.append(connection.in_atomic_block)
        return read(*arguments)

    monkeypatch.setattr(outside, "next_chunk", watched)
    opened(sheet)
    assert seen
    assert not any(seen)


# -- answers at the door ---------------------------------------------------------------------------
def intake(*arguments: Any) -> str:
    """What `manage.py intake` prints."""
    out = StringIO()
    call_command("intake", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_the_command_prints_the_question_with_its_choices(sheet: Path) -> None:
    said = intake("--file", sheet, "--set", "hourly_rate=45")
    assert "Asked: In which unit are the numbers of “Time Spent”?" in said
    assert "  s: seconds: 70 minutes in all, which are 1.2 hours" in said
    assert "This has to be answered before the durations are used." in said


def test_an_answer_to_the_command_settles_the_file_without_a_question(sheet: Path) -> None:
    known = ("--set", "hourly_rate=45", "--set", "period.type=month")
    intake("--file", sheet, *known, "--answer", "duration_unit=s")
    work_on()
    project = Project.objects.get()
    assert Question.objects.count() == 0
    assert latest_deliverables(project.pk)["time_waste_analysis"].content["total_minutes"] == 70
    assert project.context.data["reading"] == {"duration_unit": "s"}
    assert "reading" not in dispatch_of(project, "cost")["payload"]["work_context"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("duration_unit=x", "Answer one of: ms, s, min, "),
        ("duration_unt=s", "There is no question “duration_unt”"),
        (f"duration_unit={'s' * 1001}", "too long"),
        ("duration_column=a\0b", "characters that no choice has"),
        ("duration_column=a\udc80", "characters that no choice has"),
    ],
)
def test_an_answer_that_is_no_choice_opens_nothing(sheet: Path, given: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        intake("--file", sheet, "--answer", given)
    assert Project.objects.count() == 0


def test_an_answer_that_comes_with_the_file_by_rest_settles_it(sheet: Path) -> None:
    bot = machine("bot", OPERATOR)

    def send(answers: str) -> Any:
        form = {"file": SimpleUploadedFile("team.csv", sheet.read_bytes()), "file_answers": answers}
        return bot.client.post("/api/v1/projects", form, headers=bot.headers)

    assert [send(answers).status_code for answers in ('["s"]', '{"duration_unit": 1}')] == [422, 422]
    assert send('{"duration_unit": "x"}').status_code == 422
    assert send('{"duration_unit": "min"}').status_code == 201
    [row, *_] = Project.objects.get().context.data["rows"]
    assert row["estimated_minutes"] == 2100
    assert not Question.objects.filter(field="reading_duration_unit").exists()


def test_a_question_by_rest_has_the_titles_and_totals_of_its_choices(sheet: Path) -> None:
    project = opened(sheet)
    [shown] = machine("bot", OPERATOR).get(f"questions?project={project.pk}").json()["results"]
    phrase = {"template": "seconds", "values": {}}
    assert shown["schema"]["x_choices"]["s"] == {"title": "seconds", "phrase": phrase, "minutes": 70.0}


def test_a_choice_on_the_preview_is_sent_along_with_the_request(sheet: Path, client: Client) -> None:
    client.force_login(account("rita", REQUESTER))
    form = {"form_token": str(uuid4()), "template": "audit", "request_text": "Where does our time go?"}
    file = SimpleUploadedFile("team.csv", sheet.read_bytes())
    preview = client.post("/requests/new/", {**form, "file": file})
    assert 'name="file-answer-duration_unit" value="s"' in preview.content.decode()
    typed = dict(preview.context["typed"])
    client.post("/requests/new/", {**typed, "step": "send", "file-answer-duration_unit": "s"})
    assert Project.objects.get().context.data["reading"] == {"duration_unit": "s"}
    assert not Question.objects.filter(field="reading_duration_unit").exists()


def test_the_preview_takes_no_answer_that_may_depend_on_another(tmp_path: Path, client: Client) -> None:
    client.force_login(account("rita", REQUESTER))
    form = {"form_token": str(uuid4()), "template": "audit", "request_text": "Where does our time go?"}
    file = SimpleUploadedFile("team.csv", b"Task,Time,Effort\nA,2100,60\nB,300,20\nC,1800,90\n")
    page = client.post("/requests/new/", {**form, "file": file}).content.decode()
    assert 'name="file-answer-duration_column" value="Effort"' in page
    assert "In which unit are the numbers of “Time”?" in page
    assert "file-answer-duration_unit" not in page


def test_a_request_sent_from_the_preview_without_a_choice_asks(sheet: Path, client: Client) -> None:
    client.force_login(account("rita", REQUESTER))
    form = {"form_token": str(uuid4()), "template": "audit", "request_text": "Where does our time go?"}
    file = SimpleUploadedFile("team.csv", sheet.read_bytes())
    typed = dict(client.post("/requests/new/", {**form, "file": file}).context["typed"])
    client.post("/requests/new/", {**typed, "step": "send"})
    question = Question.objects.get(field="reading_duration_unit")
    page = client.get(f"/questions/{question.pk}/").content.decode()
    assert "seconds: 70 minutes in all, which are 1.2 hours" in page
