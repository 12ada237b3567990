"""An answer that is a table may come as a spreadsheet."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backlog.models import Project
from clarifications.models import Answer, Question
from workers.agents.figures import ROWS_SCHEMA

pytestmark = pytest.mark.django_db

GOOD = b"Task,Category,Duration (min)\nMatch payments,Receivable,90\nClose the month,Close,120\n"


@pytest.fixture
def tasks(opened: Callable[..., Project]) -> Question:
    """Which tasks were done: a list of rows."""
    question = Question.objects.get(project=opened(requester="rita"), field="hourly_rate")
    Question.objects.filter(pk=question.pk).update(field="rows", pointer="/rows", schema=ROWS_SCHEMA, title="Tasks")
    return Question.objects.get(pk=question.pk)


def give(client: Client, question: Question, **data: Any) -> Any:
    """What the page says to the form."""
    return client.post(reverse("admin:clarifications_question_change", args=[question.pk]), data)


def test_a_spreadsheet_is_the_answer(staff: Client, tasks: Question) -> None:
    assert give(staff, tasks, spreadsheet=SimpleUploadedFile("../../tasks.csv", GOOD)).status_code == 302
    assert [row["text"] for row in Answer.objects.get().value] == ["Match payments", "Close the month"]


def test_a_spreadsheet_that_leaves_its_unit_open_is_no_answer(staff: Client, tasks: Question) -> None:
    content = b"Task,Time Spent\nPay,2100\nPost,300\n"
    html = give(staff, tasks, spreadsheet=SimpleUploadedFile("tasks.csv", content)).content.decode()
    assert "In which unit are the numbers of “Time Spent”?" in html
    assert not Answer.objects.exists()


def test_a_total_in_a_spreadsheet_is_left_out_of_the_answer(staff: Client, tasks: Question) -> None:
    content = GOOD + b"Total,,210\n"
    assert give(staff, tasks, spreadsheet=SimpleUploadedFile("tasks.csv", content)).status_code == 302
    assert [row["text"] for row in Answer.objects.get().value] == ["Match payments", "Close the month"]


def test_rows_may_be_filled_in_instead(staff: Client, tasks: Question) -> None:
    row = {"answer-0-0": "Close", "answer-0-1": "", "answer-0-2": "3"}
    assert give(staff, tasks, **{"answer-rows": "1"}, **row).status_code == 302
    assert Answer.objects.get().value == [{"text": "Close", "estimated_minutes": 3}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"Pay,,a while\n", "Row 4 of tasks.csv, column Duration (min): “a while”"),
        (b",Close,5\n", "Row 4 of tasks.csv: “Text” is missing."),
        (b"Pay," + b"x" * 101 + b",5\n", "Row 4 of tasks.csv, column Category: “Category” is too long"),
    ],
)
def test_a_refused_row_is_named_as_the_spreadsheet_counts_it(
    staff: Client, tasks: Question, line: bytes, words: str
) -> None:
    content = b"Task,Category,Duration (min)\n\nMatch,,5\n" + line
    html = give(staff, tasks, spreadsheet=SimpleUploadedFile("tasks.csv", content)).content.decode()
    assert words in html
    assert not Answer.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7 nothing", "This file cannot be read"),
        (b"Task,Duration (min)\n" + b"Match,1\n" * 1001, "at most 1000 rows"),
        (None, "Choose a file, or fill in the table."),
    ],
)
def test_what_cannot_be_an_answer_is_refused_at_the_field(
    staff: Client, tasks: Question, content: bytes | None, words: str
) -> None:
    files = {} if content is None else {"spreadsheet": SimpleUploadedFile("tasks.csv", content)}
    html = give(staff, tasks, **files).content.decode()
    assert words in html
    assert '<a href="#id_spreadsheet">' in html
    assert not Answer.objects.exists()


def test_a_file_over_the_limit_is_told_so(staff: Client, tasks: Question, settings: Any) -> None:
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, most_bytes=100)
    html = give(staff, tasks, spreadsheet=SimpleUploadedFile("tasks.csv", GOOD * 50)).content.decode()
    assert "tasks.csv is larger than" in html
    assert "Choose a file" not in html
