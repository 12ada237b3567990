"""A person says which column is what: at every door, with the rows at once, and what cannot be followed is refused."""

from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.roles import OPERATOR, REQUESTER
from backlog.models import Project
from intake.submitting import Request, open_request
from reports.building import built
from reports.sources import Sources
from tests.callers import account, machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CSV = b"Task,Kind,Hours,Est,Who\nPay,A,1.5,2,Ann\nFile,B,2.5,3,Bob\nPost,A,0.25,1,Ann\n"
WITH_TOTAL = b"Task,Hours\nPay,1.5\nFile,soon\nPost,0.25\nTotal,1.75\n"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def rita() -> Client:
    client = Client()
    client.force_login(account("rita", REQUESTER))
    return client


def preview(client: Client, content: bytes = CSV, name: str = "team.csv") -> Any:
    """The preview of the file in a fresh form."""
    token = client.get(reverse("portal:new")).context["form_token"]
    typed = {"form_token": token, "template": "audit", "request_text": "Look"}
    return client.post(reverse("portal:new"), {**typed, "file": SimpleUploadedFile(name, content)})


def shown_roles(shown: Any) -> dict[str, str]:
    """The selects of the page: {input: role}."""
    return {name: role for _column, name, role in shown.context["columns"]}


def look(client: Client, shown: Any, **more: str) -> Any:
    """Look again, or do what `more` names instead."""
    typed = {**dict(shown.context["typed"]), **shown_roles(shown), "duration-unit": shown.context["unit"]["chosen"]}
    return client.post(reverse("portal:new"), {**typed, "step": "look", **more})


def minutes(shown: Any) -> float:
    return float(shown.context["preview"].minutes)


# -- which column is what --------------------------------------------------------------------------
def test_another_column_for_the_duration_is_read_at_once_and_sent_as_it_was_shown(rita: Client) -> None:
    shown = preview(rita)
    assert minutes(shown) == 255
    again = look(rita, shown, **{"column-3": "duration", "column-2": ""})
    assert dict(again.context["preview"].given) == {"duration_column": "Est"}
    assert shown_roles(again)["column-3"] == "duration"
    settled = look(rita, again, **{"duration-unit": "h"})
    assert minutes(settled) == 360
    look(rita, settled, step="send")
    project = Project.objects.get()
    assert project.context.data["reading"] == {"duration_column": "Est", "duration_unit": "h"}
    assert sum(row["estimated_minutes"] for row in project.context.data["rows"]) == 360


def test_looking_again_without_a_change_decides_nothing(rita: Client) -> None:
    again = look(rita, preview(rita))
    assert again.context["preview"].given == {}


def test_a_newly_chosen_column_takes_the_role_over(rita: Client) -> None:
    again = look(rita, preview(rita), **{"column-4": "category"})
    assert shown_roles(again)["column-1"] == ""
    assert [row["category"] for row in again.context["preview"].rows] == ["Ann", "Bob", "Ann"]


def test_two_new_columns_for_one_role_are_refused_and_stay_chosen(rita: Client) -> None:
    shown = preview(rita, b"A task,Kind,Min,X,Y\nPay,A,5,u,v\n")
    again = look(rita, shown, **{"column-3": "person", "column-4": "person"})
    assert "Several columns are chosen for “Person”: “X”, “Y”" in again.content.decode()
    assert shown_roles(again)["column-4"] == "person"


def test_a_column_without_any_duration_is_refused_and_what_was_read_before_is_shown(rita: Client) -> None:
    again = look(rita, preview(rita), **{"column-1": "duration"})
    assert "“Kind” cannot be read as durations: row 2 says “A”." in again.content.decode()
    assert minutes(again) == 255
    assert not Project.objects.exists()


def test_a_change_that_was_not_looked_at_is_shown_before_it_is_sent(rita: Client) -> None:
    again = look(rita, preview(rita), step="send", **{"column-3": "duration"})
    assert again.status_code == 200
    assert "nothing is sent yet" in again.content.decode()
    assert not Project.objects.exists()


def test_a_decision_can_be_taken_back(rita: Client) -> None:
    changed = look(rita, preview(rita), **{"column-4": "category"})
    again = look(rita, changed, undo="category_column")
    assert again.context["preview"].given == {}
    assert shown_roles(again)["column-1"] == "category"


def test_a_unit_that_was_chosen_for_another_column_is_not_kept(rita: Client) -> None:
    hours = look(rita, preview(rita), **{"duration-unit": "min"})
    again = look(rita, hours, **{"column-3": "duration"})
    assert dict(again.context["preview"].given) == {"duration_column": "Est"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("duration_column=Cost", "Its columns are: “Task”, “Kind”, “Hours”, “Est”, “Who”"),
        ("persons_column=Who", "There is no question “persons_column”"),
        ("duration_unit=parsec", "Answer one of: ms, s, min, h"),
        ("start_column=Who", "“Who” cannot be read as dates or times: row 2 says “Ann”"),
        ("duration_column=start-to-end", "choose the columns of start and end as well"),
        ("row:9=count", "The table has no row 9"),
        ("row:2=maybe", "Answer one of: count, leave-out"),
        ("cell:2:Cost=1", "has no column “Cost”"),
        ("cell:20:Hours=1", "The table has no row 20"),
    ],
)
def test_what_cannot_be_followed_is_refused_at_the_command_line(tmp_path: Path, answer: str, says: str) -> None:
    (tmp_path / "team.csv").write_bytes(CSV)
    with pytest.raises(CommandError, match=says):
        call_command("intake", file=tmp_path / "team.csv", answers=[tuple(answer.split("=", 1))], stdout=StringIO())
    assert not Project.objects.exists()


def test_a_column_is_chosen_by_rest_and_by_inspect(tmp_path: Path) -> None:
    answers = {"duration_column": "Est", "duration_unit": "min"}
    form = {"file": SimpleUploadedFile("team.csv", CSV), "file_answers": orjson.dumps(answers).decode()}
    bot = machine("bot", OPERATOR)
    assert bot.client.post("/api/v1/projects", form, headers=bot.headers).status_code == 201
    assert Project.objects.get().context.data["reading"] == answers
    (tmp_path / "team.csv").write_bytes(CSV)
    out = StringIO()
    call_command("inspect", tmp_path / "team.csv", answers=list(answers.items()), json=True, stdout=out)
    found = orjson.loads(out.getvalue())
    assert found["columns"]["duration"] == {"header": "Est", "unit": "min"}
    assert found["mapping"] == {"Task": "text", "Kind": "category", "Hours": None, "Est": "duration", "Who": "person"}
    assert found["answers"] == answers


# -- rows and cells --------------------------------------------------------------------------------
def test_a_total_is_shown_crossed_out_and_counts_with_one_click(rita: Client) -> None:
    shown = preview(rita, WITH_TOTAL)
    assert "<del>Total | 1.75</del>" in shown.content.decode()
    again = look(rita, shown, decide="row:5=count")
    assert (minutes(again), again.context["left_out"]) == (210, [])
    assert minutes(look(rita, again, decide="row:5=leave-out")) == 105


def test_a_row_is_left_out_by_hand_and_comes_back(rita: Client) -> None:
    again = look(rita, preview(rita), decide="row:3=leave-out")
    assert minutes(again) == 105
    assert "The row was left out by hand." in again.content.decode()
    assert minutes(look(rita, again, decide="row:3=count")) == 255


def test_a_cell_that_could_not_be_read_is_mended_on_the_page_and_said_in_the_report(rita: Client) -> None:
    shown = preview(rita, WITH_TOTAL)
    assert 'name="mended-3:Hours" value="soon"' in shown.content.decode()
    again = look(rita, shown, **{"mended-3:Hours": "2:00"})
    assert (minutes(again), again.context["unread"]) == (225, [])
    look(rita, again, step="send")
    project = Project.objects.get()
    assert project.context.data["reading"] == {"cell:3:Hours": "2:00"}
    assert any("changed by hand from “soon” to “2:00”" in each["message"] for each in project.intake["warnings"])
    given = {answered.field: answered for answered in built(Sources.of(project)).provenance}
    mended = given["reading_cell:3:Hours"]
    assert (mended.title, mended.words, mended.by) == ("Row 3, “Hours”", "2:00", "rita")


def test_the_rows_that_could_not_be_read_are_a_file_on_the_preview_and_on_the_projects_page(rita: Client) -> None:
    content = b"Task,Hours\nPay,1.5\n=1+1,soon\nPost,0.25\n"
    shown = preview(rita, content)
    file = look(rita, shown, step="unread")
    assert file["Content-Disposition"] == 'attachment; filename="rows-to-correct.csv"'
    header, line = file.content.decode("utf-8-sig").splitlines()
    assert header == '"Task","Hours","Row in the file","Why it could not be read"'
    assert line.startswith('"\'=1+1","soon","3","“soon” is not a duration.')
    look(rita, shown, step="send")
    address = reverse("portal:unread-rows", args=[Project.objects.get().pk])
    assert f'href="{address}"' in rita.get(reverse("portal:project", args=[Project.objects.get().pk])).content.decode()
    assert rita.get(address).content == file.content
    stranger = Client()
    stranger.force_login(account("rob", REQUESTER))
    assert stranger.get(address).status_code == 404


def test_what_was_decided_survives_the_way_back_to_the_form(rita: Client) -> None:
    changed = look(rita, preview(rita), **{"column-4": "category"})
    form = look(rita, changed, step="back")
    assert 'name="file-answer-category_column" value="Who"' in form.content.decode()


def test_rows_are_decided_on_each_sheet_of_a_workbook_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "team.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("Anna", "Bo!b"):
            sheet = book.add_worksheet(name)
            for number, row in enumerate([("Task", "Minutes"), ("Pay", 90), ("Post", 30)]):
                sheet.write_row(number, 0, row)
    answers = {"same_sheets": "both", "row:Bo!b!2": "leave-out", "cell:3:Minutes": "31"}
    project = open_request(Request(file=path, text="Look", file_answers=answers))
    assert [row["estimated_minutes"] for row in project.context.data["rows"]] == [90, 31, 30]
