"""A file whose header has no known word: its owner says once which column is what, at every door."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.roles import REQUESTER
from backlog.models import Project
from tests.callers import account
from tests.integration.test_mapping import look, minutes, preview

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CHOSEN = {"column-1": "text", "column-2": "duration"}
UNNAMED = b"foo;bar;baz\nA;Pay;30 min\nB;Post;40 min\n"
LARGE = UNNAMED + b"".join(b"A;Pay %d;1 min\n" % n for n in range(40_000))


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.ARTIFACTS_DIR = tmp_path, tmp_path / "artifacts"


@pytest.fixture
def rita() -> Client:
    client = Client()
    client.force_login(account("rita", REQUESTER))
    return client


@pytest.mark.parametrize(("content", "total"), [(UNNAMED, 70), (LARGE, 40_070)], ids=["small", "large"])
def test_its_owner_says_what_the_columns_are_and_the_next_file_is_read_so(
    rita: Client, content: bytes, total: int
) -> None:
    shown = preview(rita, content)
    assert "We do not know the names of these columns" in shown.content.decode()
    assert [column.cells for column, _input, _role in shown.context["columns"]][1][:2] == ["Pay", "Post"]
    chosen = look(rita, shown, **CHOSEN)
    assert (minutes(chosen), chosen.context["preview"].rows_read) == (total, content.count(b"\n") - 1)
    look(rita, chosen, step="send")
    assert Project.objects.get().intake["rows_read"] == content.count(b"\n") - 1
    again = preview(rita, content.replace(b"Pay", b"Ask"))
    assert (minutes(again), again.context["recalled"] != []) == (total, True)


def test_nothing_is_sent_before_the_columns_are_known(rita: Client) -> None:
    shown = look(rita, preview(rita, UNNAMED), step="send")
    assert "Say which column holds what was done" in shown.content.decode()
    half = look(rita, shown, **{"column-2": "category"})
    assert half.status_code == 200
    assert Project.objects.count() == 0


def test_the_command_and_rest_take_the_columns_as_answers(tmp_path: Path) -> None:
    path, out = tmp_path / "team.csv", StringIO()
    path.write_bytes(UNNAMED)
    with pytest.raises(CommandError, match=r"\(text_column, duration_column\)"):
        call_command("inspect", str(path))
    answers = ["--answer", "text_column=bar", "--answer", "duration_column=baz"]
    call_command("inspect", str(path), *answers, stdout=out)
    assert "2 rows, 70.00 minutes" in out.getvalue()


@pytest.mark.parametrize("content", [b"A,30\nB,40\n", b"foo\nPay\nPost\n", b"foo,bar\n"], ids=["data", "one", "alone"])
def test_a_line_that_may_be_no_header_is_not_taken_for_one(rita: Client, content: bytes) -> None:
    shown = preview(rita, content)
    assert "No column of team.csv is named like a task or a duration" in shown.content.decode()
    assert shown.request["PATH_INFO"] == reverse("portal:new")


def test_data_is_no_header_even_if_it_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "team.csv"
    path.write_text("Pay,30\nPost,40\n")
    with pytest.raises(CommandError, match="No column of team.csv is named"):
        call_command("inspect", str(path), "--answer", "text_column=Pay", "--answer", "duration_column=30")
