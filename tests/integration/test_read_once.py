"""An upload is read once: what the preview has read is what the request sends, however large; and it leaves nothing."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.roles import REQUESTER
from backlog.models import Project
from events import artifacts
from intake import uploads
from intake.spreadsheets import outside, stored
from tests.callers import account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CSV = b"Task,Category,Duration (min)\nMatch payments,Receivables,90\nFile,Payables,30\n"
LARGE = b"Task,Category,Duration (min)\n" + b"".join(b"Match payment %d,Receivables,5\n" % n for n in range(9000))
OPEN = b"Task,Time Spent\nPay,2100\nPost,300\n"


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.ARTIFACTS_DIR = tmp_path, tmp_path / "artifacts"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read, a name for each reading."""
    seen, real = [], outside.running_child

    def watched(file: Any, name: str, *arguments: Any) -> Any:
        seen.append(name)
        return real(file, name, *arguments)

    for module in (outside, stored):
        monkeypatch.setattr(module, "running_child", watched)
    return seen


@pytest.fixture
def rita() -> Client:
    client = Client()
    client.force_login(account("rita", REQUESTER))
    return client


def preview(client: Client, content: bytes) -> Any:
    """The preview of the file in a fresh form."""
    token = client.get(reverse("portal:new")).context["form_token"]
    typed = {"form_token": token, "template": "audit", "request_text": "Look"}
    return client.post(reverse("portal:new"), {**typed, "file": SimpleUploadedFile("team.csv", content)})


def artifact_files() -> list[Path]:
    """The files of the artifact store."""
    return list(Path(settings.ARTIFACTS_DIR).glob("*"))


def send(client: Client, shown: Any, **more: str) -> Any:
    """Send what the preview carries along."""
    return client.post(reverse("portal:new"), {**dict(shown.context["typed"]), "step": "send", **more})


@pytest.mark.parametrize("content", [CSV, LARGE])
def test_a_file_is_read_once_from_preview_to_request(rita: Client, readings: list[str], content: bytes) -> None:
    shown = preview(rita, content)
    again = rita.post(reverse("portal:new"), dict(shown.context["typed"]))
    assert again.context["preview"] == shown.context["preview"]
    assert artifact_files() == []
    send(rita, again)
    assert readings == ["team.csv"]
    project = Project.objects.get()
    assert project.intake["rows_read"] == content.count(b"\n") - 1
    data = project.context.data
    stored = artifacts.path_of(data["rows_ref"]).is_file() if content is LARGE else len(data["rows"]) == 2
    assert stored
    assert list(uploads.upload_folder().iterdir()) == []


def test_an_answer_about_the_file_has_it_read_again_and_only_then(rita: Client, readings: list[str]) -> None:
    shown = preview(rita, OPEN)
    assert readings == ["team.csv"]
    send(rita, shown, **{"file-answer-duration_unit": "s"})
    assert len(readings) == 2
    assert [row["estimated_minutes"] for row in Project.objects.get().context.data["rows"]] == [35, 5]


def test_one_process_reads_a_file_in_doubt_under_all_its_choices(rita: Client, readings: list[str]) -> None:
    send(rita, preview(rita, OPEN))
    assert readings == ["team.csv"] * 2  # the preview's reading asks which of them is to be sent
    rows = Project.objects.get().context.data["readings"]["rows"]
    assert {key: reading["rows"][0]["estimated_minutes"] for key, reading in rows.items()} == {
        "duration_unit=ms": pytest.approx(0.035), "duration_unit=s": 35, "duration_unit=min": 2100,
    }  # fmt: skip


def test_a_file_sent_twice_by_a_double_click_opens_one_project(rita: Client, readings: list[str]) -> None:
    shown = preview(rita, LARGE)
    assert send(rita, shown).url == send(rita, shown).url
    assert (len(readings), Project.objects.count()) == (1, 1)


def test_what_was_read_is_as_private_as_the_file_and_goes_with_it(rita: Client) -> None:
    preview(rita, LARGE)
    files = sorted(uploads.upload_folder().iterdir())
    assert [path.suffix for path in files] == ["", uploads.READING_END, uploads.ROWS_END]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    for _ in range(uploads.MOST_KEPT):
        preview(rita, CSV)
    left = list(uploads.upload_folder().iterdir())
    assert {path.suffix for path in left} == {"", uploads.READING_END}
    assert len(left) == 2 * uploads.MOST_KEPT


def test_a_limit_that_was_lowered_meanwhile_does_not_lose_the_request(rita: Client, settings: Any) -> None:
    shown = preview(rita, CSV)
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, most_bytes=1)
    send(rita, shown)
    assert Project.objects.count() == 1


def test_a_reading_that_was_lost_is_done_again(rita: Client, readings: list[str]) -> None:
    shown = preview(rita, LARGE)
    for path in uploads.upload_folder().glob(f"*{uploads.ROWS_END}"):
        path.unlink()
    send(rita, shown)
    assert len(readings) == 2
    assert Project.objects.get().context.data["rows_ref"]["rows"] == 9000


# -- the same file twice ---------------------------------------------------------------------------
NOTE = re.compile(r"You sent this very file before: with “<a href=\"([^\"]+)\">([^<]+)</a>”")


def test_the_same_file_is_told_with_the_request_that_it_came_with_and_is_not_refused(rita: Client) -> None:
    assert not NOTE.search(preview(rita, CSV).content.decode())
    send(rita, preview(rita, CSV), title="March <b>")
    project = Project.objects.get()
    shown = preview(rita, CSV)
    url, title = NOTE.search(shown.content.decode()).groups()  # type: ignore[union-attr]
    assert (url, title) == (reverse("portal:project", args=[project.pk]), "March &lt;b&gt;")
    send(rita, shown)
    assert Project.objects.count() == 2


@pytest.mark.parametrize("change", [{"status": "DONE"}, {"owner": None}])
def test_the_same_file_of_a_finished_request_or_of_somebody_else_is_not_told(
    rita: Client, change: dict[str, Any]
) -> None:
    send(rita, preview(rita, CSV))
    Project.objects.update(**change)
    assert not NOTE.search(preview(rita, CSV).content.decode())


def test_another_file_is_not_the_same(rita: Client) -> None:
    send(rita, preview(rita, CSV))
    assert not NOTE.search(preview(rita, CSV + b"Call,Sales,5\n").content.decode())


def test_a_disk_without_room_costs_the_person_nothing(rita: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any, **_more: Any) -> Any:
        raise artifacts.StorageFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts, "new_file", full)
        refused = preview(rita, LARGE)
    assert "has no room for your rows" in refused.content.decode()
    typed = {**dict(refused.context["form"].data.items()), "upload": refused.context["upload"].token}
    assert rita.post(reverse("portal:new"), typed).context["preview"].rows_read == 9000


def test_a_file_may_have_as_many_bytes_as_the_limit_says(rita: Client) -> None:
    note = b"n" * 4000
    large = b"Task,Duration (min),Note\n" + b"".join(b"Pay %d,5,%s\n" % (n, note) for n in range(5500))
    assert settings.SPREADSHEET_LIMITS.most_bytes > len(large) > 21_000_000
    send(rita, preview(rita, large))
    assert Project.objects.get().intake["rows_read"] == 5500
