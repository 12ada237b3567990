"""What the reader says about a file is in the reader's language wherever it is shown, and in English for programs."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.roles import REQUESTER
from clarifications.forms.answer_form import AnswerForm
from clarifications.models import Question
from clarifications.wording import question_title
from console.management.commands.inspect import lines_about
from intake.inspection import inspect_file
from intake.submitting import Request, open_request, read_file
from reports.quality import as_warning
from tests.callers import account
from tests.integration.test_files_in_doubt import opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

OPEN = "Task,Category,Time Spent\nMatch payments,Receivables,2100\nPost invoices,Payables,soon\nFile,Payables,300\n"
TITLE = "Dans quelle unité sont les nombres de « Time Spent » ?"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A file with a doubt and with a duration that nobody can read."""
    path = tmp_path / "team.csv"
    path.write_text(OPEN)
    return path


@pytest.fixture
def question(sheet: Path) -> Question:
    """The question about the file, asked by the rules of a real request."""
    project = opened(sheet)
    return Question.objects.get(project=project)


def test_the_preview_shows_the_doubt_and_the_warnings_in_french(sheet: Path, settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.ARTIFACTS_DIR = tmp_path, tmp_path / "artifacts"
    rita = Client(headers={"accept-language": "fr"})
    rita.force_login(account("rita", REQUESTER))
    token = rita.get(reverse("portal:new")).context["form_token"]
    file = SimpleUploadedFile("team.csv", OPEN.encode())
    typed = {"form_token": token, "template": "audit", "request_text": "Regarder", "file": file}
    shown = rita.post(reverse("portal:new"), typed).content.decode()
    assert TITLE in shown
    assert "« soon » n’est pas une durée" in shown
    assert "is not a duration" not in shown


def test_the_question_has_a_french_title_and_keeps_its_english_one_for_programs(question: Question) -> None:
    assert question.title == "In which unit are the numbers of “Time Spent”?"
    with override("fr"):
        assert question_title(question) == TITLE
        card = render_to_string("portal/question_card.html", {"question": question})
        form = str(AnswerForm(question))
    assert TITLE in card
    assert "secondes : 40 minutes en tout" in form.replace("\xa0", " ").replace("\u202f", " ")


def test_a_report_shows_the_warnings_in_french_and_older_ones_as_they_are_stored(sheet: Path) -> None:
    report = read_file(sheet, answers={"duration_unit": "s"}).report
    [warning] = report["warnings"]
    assert warning["message"].startswith("“soon” is not a duration")
    older = {key: value for key, value in warning.items() if key != "phrase"}
    with override("fr"):
        assert as_warning(warning).message.startswith("« soon » n’est pas une durée")
        assert as_warning(older).message == warning["message"]


def test_the_terminal_speaks_english_unless_the_language_is_set(sheet: Path) -> None:
    assert configured.LANGUAGE_CODE.startswith("en")
    inspection = inspect_file(sheet)
    assert "In which unit" in "\n".join(lines_about(inspection))
    with override("fr"):
        assert f"Question: {TITLE}" in lines_about(inspection)


def test_a_mentioned_figure_is_asked_for_with_a_french_reason() -> None:
    project = open_request(Request(text="Which KPI is the worst?"))
    [question] = Question.objects.filter(project=project, reason__contains="mentions")
    assert question.reason == "The request mentions “kpi” without saying which."
    with override("fr"):
        assert "La demande mentionne « " in str(AnswerForm(question))
