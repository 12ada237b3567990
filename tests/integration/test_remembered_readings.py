"""What a person decided about a file holds for their next file with the same header, is said, and can be forgotten."""

import asyncio
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import OPERATOR, REQUESTER
from backlog.models import Project
from clarifications.models import Question
from intake.models import RememberedReading, UnreadRows
from intake.submitting import Request, open_request
from tests.callers import account, machine
from tests.flows import answer
from tests.integration.test_mapping import look, minutes, preview
from tests.system import GROUPS, group_server, serve_to_rest

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

OPEN = b"Task,Time Spent\nPay,2100\nPost,300\nClose,1800\n"
NEXT = b"task , TIME SPENT\nAsk,1200\nPost,600\n"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def rita() -> Client:
    client = Client()
    client.force_login(account("rita", REQUESTER))
    return client


def sent(tmp_path: Path, content: bytes, name: str = "march.csv", **more: Any) -> Project:
    """The project of a file that rita sends at the command line."""
    path = tmp_path / name
    path.write_bytes(content)
    if not User.objects.filter(username="rita").exists():
        account("rita", REQUESTER)
    return open_request(Request(file=path, text="Look", requester="rita", **more))


def total(project: Project) -> float:
    return sum(row["estimated_minutes"] for row in Project.objects.get(pk=project.pk).context.data["rows"])


def said(project: Project) -> str:
    return "\n".join(warning["message"] for warning in project.intake["warnings"])


def test_the_next_file_with_the_same_header_is_read_the_same_way_and_says_so(tmp_path: Path) -> None:
    sent(tmp_path, OPEN, file_answers={"duration_unit": "s"})
    project = sent(tmp_path, NEXT, "april.csv")
    assert total(project) == 30
    assert "for “march.csv”: duration_unit=s." in said(project)
    assert project.context.data["reading"] == {"duration_unit": "s"}
    assert not Question.objects.filter(field__startswith="reading_").exists()


def test_an_answer_to_the_question_of_an_earlier_project_is_remembered_too(tmp_path: Path) -> None:
    sent(tmp_path, OPEN)
    asyncio.run(serve_to_rest([group_server(group) for group in GROUPS]))
    answer(Question.objects.get(field="reading_duration_unit"), "s")
    assert total(sent(tmp_path, NEXT)) == 30


def test_the_preview_says_what_is_remembered_and_forgets_it_with_one_click(rita: Client, tmp_path: Path) -> None:
    sent(tmp_path, OPEN, file_answers={"duration_unit": "s"})
    shown = preview(rita, NEXT)
    html = shown.content.decode()
    assert "for “march.csv”" in html
    assert "Unit of the numbers: <strong>seconds</strong>" in html
    assert minutes(shown) == 30
    again = look(rita, shown, step="forget")
    assert "In which unit are the numbers" in again.content.decode()
    assert not RememberedReading.objects.exists()


def test_the_memory_is_a_persons_own(tmp_path: Path) -> None:
    sent(tmp_path, OPEN, file_answers={"duration_unit": "s"})
    rob = Client()
    rob.force_login(account("rob", REQUESTER))
    assert preview(rob, NEXT).context["preview"].recalled is None


def test_a_file_by_rest_is_read_as_before_unless_it_is_to_be_fresh(tmp_path: Path) -> None:
    bot = machine("bot", OPERATOR)

    def send(content: bytes, **more: str) -> Project:
        form = {"file": SimpleUploadedFile("team.csv", content), "request_text": "Look", **more}
        sent = bot.client.post("/api/v1/projects", form, headers=bot.headers)
        return Project.objects.get(pk=sent.json()["id"])

    send(OPEN, file_answers='{"duration_unit": "s"}')
    assert total(send(NEXT)) == 30
    assert "readings" in send(NEXT, fresh="true").context.data


def test_the_command_forgets_with_an_option(tmp_path: Path) -> None:
    sent(tmp_path, b"Task,Kind,Hours\nPay,A,1\n", file_answers={"category_column": "none"})
    options: dict[str, Any] = {"requester": "rita", "text": "Look", "stdout": StringIO()}
    call_command("intake", file=tmp_path / "march.csv", fresh=True, **options)
    assert not RememberedReading.objects.exists()


def test_rows_and_cells_of_one_file_are_not_remembered(tmp_path: Path) -> None:
    content = b"Task,Hours\nPay,1\nPost,2\n"
    sent(tmp_path, content, file_answers={"row:2": "leave-out", "cell:3:Hours": "3"})
    assert total(sent(tmp_path, content)) == 180


@pytest.mark.parametrize("content", [b"Task,Spent\nPay,300\nPost,200\n", b"Task,Spent\nPay,30\nPost,20\n"])
def test_a_remembered_unit_that_makes_rows_of_an_unlikely_length_is_not_used_and_is_named(
    tmp_path: Path, content: bytes
) -> None:
    sent(tmp_path, b"Task,Spent\nPay,1.5\nPost,2\n", file_answers={"duration_unit": "h"})
    project = sent(tmp_path, content)
    assert "does not fit this file: duration_unit=h" in said(project)
    assert "Chosen for “march.csv”, but not fitting here: h." in said(project)
    assert "readings" in project.context.data


def test_a_remembered_column_that_cannot_be_read_so_is_not_used_and_is_named(tmp_path: Path) -> None:
    sent(tmp_path, b"Task,Hours,Plan\nPay,1.5,2\n", file_answers={"duration_column": "Plan", "duration_unit": "h"})
    project = sent(tmp_path, b"Task,Hours,Plan\nPay,1.5,later\n")
    assert total(project) == 90
    assert "does not fit this file: duration_column=Plan" in said(project)


def test_what_is_given_with_the_file_stands_above_what_is_remembered(tmp_path: Path) -> None:
    sent(tmp_path, OPEN, file_answers={"duration_unit": "s"})
    assert total(sent(tmp_path, NEXT, file_answers={"duration_unit": "min"})) == 1800
    assert total(sent(tmp_path, NEXT)) == 1800


def test_what_is_too_old_is_forgotten(tmp_path: Path, settings: Any) -> None:
    sent(tmp_path, OPEN, file_answers={"duration_unit": "s"})
    old = timezone.now() - timedelta(days=settings.REMEMBERED_READINGS_DAYS, seconds=1)
    RememberedReading.objects.update(chosen_at=old)
    assert "readings" in sent(tmp_path, NEXT, "april.csv").context.data
    assert [memory.file_name for memory in RememberedReading.objects.all()] == ["april.csv"]


def test_a_large_file_is_read_as_before_too(tmp_path: Path, rita: Client, settings: Any) -> None:
    settings.CLAIM_CHECK_BYTES = 4000
    lines = b"".join(b"Match payment %d,%d,x\n" % (n, 600 + n % 7 * 60) for n in range(280))
    content = b"Task,Time Spent,Note\n" + lines
    sent(tmp_path, content, file_answers={"duration_unit": "s", "category_column": "Note"})
    project = sent(tmp_path, content + b"Ask,half a day,x\n", "april.csv")
    assert project.context.data["rows_ref"]["rows"] == 281
    assert project.context.data["reading"] == {"duration_unit": "s", "category_column": "Note"}
    assert "for “march.csv”" in said(project)
    assert [row["cells"] for row in UnreadRows.objects.get(project=project).rows] == [["Ask", "half a day", "x"]]
    shown = preview(rita, content)
    assert minutes(shown) == sum(600 + n % 7 * 60 for n in range(280)) / 60
    look(rita, shown, step="send")
    assert Project.objects.count() == 3
