"""Sending a request: words, a spreadsheet with its preview, figures; nothing is lost and nothing is sent twice."""

import gzip
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from backlog.blueprints import add_version
from backlog.models import Project
from intake import uploads
from portal.new_request import NewRequest
from tests.flows import step
from tests.flows import template as template_of

pytestmark = pytest.mark.django_db

CSV = b"Task,Category,Duration (min)\nMatch payments,Receivables,90\nCheck invoice,Payables,soon\nFile,Payables,2 h\n"
CHOSEN = {"template": "audit", "request_text": "Where does our time go?"}


def url() -> str:
    """The form's address."""
    return reverse("portal:new")


def form_token(client: Client) -> str:
    """The token of a form that is shown afresh."""
    return client.get(url()).context["form_token"]


def file(content: bytes = CSV, name: str = "team.csv") -> SimpleUploadedFile:
    """A file as the browser sends it."""
    return SimpleUploadedFile(name, content)


def hidden(response: Any) -> dict[str, str]:
    """What a preview carries along."""
    return dict(response.context["typed"])


def send(client: Client, **typed: Any) -> Any:
    """Fill in a fresh form and send it."""
    return client.post(url(), {"form_token": form_token(client), **CHOSEN, **typed})


def workbook() -> bytes:
    """An Excel workbook with two tasks."""
    content = BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([("Task", "Minutes"), ("Match payments", 90), ("Check invoice", 30)]):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def test_words_alone_open_a_project_of_ones_own(rita: Client, broker: None) -> None:
    response = send(rita, title="Time at the desk", **{"figures-audit-hourly_rate": "45.5"})
    project = Project.objects.get()
    assert response.url == reverse("portal:project", args=[project.pk])
    assert (project.title, project.requester, project.template.name) == ("Time at the desk", "rita", "audit")
    figures = {"hourly_rate": 45.5, "currency": "EUR"}
    assert project.context.data == {"rows": [], "request_text": "Where does our time go?", **figures}
    assert project.context.provenance["hourly_rate"]["by"] == "rita"


def test_the_form_offers_no_template_that_is_for_programs_alone(rita: Client) -> None:
    offered = [value for value, _words in rita.get(url()).context["form"].fields["template"].choices]
    assert "audit" in offered
    assert "ask" not in offered


def test_a_csv_file_is_shown_before_it_is_sent(rita: Client, broker: None) -> None:
    preview = send(rita, request_text="", file=file(), **{"figures-audit-hourly_rate": "45.5"})
    html = preview.content.decode()
    assert not Project.objects.exists()
    assert [(column.name, column.role) for column in preview.context["preview"].columns] == [
        ("Task", "text"),
        ("Category", "category"),
        ("Duration (min)", "duration"),
    ]
    assert (preview.context["preview"].rows_read, preview.context["preview"].minutes) == (3, 210)
    assert preview.context["preview"].without_minutes == 1
    assert "<dt>Hourly rate</dt><dd>45.50\u00a0EUR</dd>" in html
    assert re.search(r'<td class="number">3</td><td>Duration \(min\)</td><td>.*soon', html)
    response = rita.post(url(), {**hidden(preview), "step": "send"})
    project = Project.objects.get()
    assert response.url == reverse("portal:project", args=[project.pk])
    assert [row["estimated_minutes"] for row in project.context.data["rows"]] == [90, None, 120]
    assert (project.intake["file"], project.intake["rows_read"]) == ("team.csv", 3)
    assert "team.csv" in project.context.data["request_text"]
    assert list(uploads.upload_folder().iterdir()) == []


def test_the_preview_says_which_period_the_dates_tell_or_that_it_will_be_asked(rita: Client, broker: None) -> None:
    dated = b"Task,Date,Duration (min)\nMatch payments,2026-03-02,90\nFile,2026-03-05,30\n"
    html = send(rita, request_text="", file=file(dated)).content.decode()
    assert "Period, read from the dates: March 2, 2026 to March 5, 2026: 4 days, 4 working days." in html
    assert "we ask you after you have sent the request" in send(rita, request_text="", file=file()).content.decode()


def test_the_form_offers_the_currency_of_the_installation_and_takes_another(rita: Client, broker: None) -> None:
    html = rita.get(url()).content.decode()
    assert '<option value="&quot;EUR&quot;" selected>EUR</option>' in html
    send(rita, **{"figures-audit-currency": '"CHF"'})
    assert Project.objects.get().context.data["currency"] == "CHF"
    refused = send(rita, **{"figures-audit-currency": '"XAU"'})
    assert list(refused.context["form"].chosen_figures.errors) == ["currency"]


def test_a_workbook_is_read_too(rita: Client, broker: None) -> None:
    preview = send(rita, file=file(workbook(), "team.xlsx"))
    assert (preview.context["preview"].rows_read, preview.context["preview"].minutes) == (2, 120)
    rita.post(url(), {**hidden(preview), "step": "send"})
    assert len(Project.objects.get().context.data["rows"]) == 2


def test_the_preview_shows_what_the_file_leaves_open_and_what_each_reading_would_total(rita: Client) -> None:
    preview = send(rita, file=file(b"Task,Time Spent\nPay,2100\nPost,300\n"))
    html = preview.content.decode()
    assert "In which unit are the numbers of “Time Spent”?" in html
    assert "seconds: 40 minutes in all, which are 0.7 hours" in html
    assert "minutes: 2,400 minutes in all, which are 40 hours" in html
    assert "Pay | 2100" in html


def test_going_back_from_the_preview_loses_nothing(rita: Client, broker: None) -> None:
    text = "First line\nSecond <b>line</b>"
    preview = send(rita, request_text=text, title="A title", file=file(), **{"figures-audit-hourly_rate": "45"})
    form = rita.post(url(), {**hidden(preview), "step": "back"})
    assert form.context["form"]["request_text"].value() == text
    assert form.context["form"]["title"].value() == "A title"
    assert form.context["form"].chosen_figures["hourly_rate"].value() == "45"
    assert form.context["upload"].name == "team.csv"
    assert form.context["form_token"] == hidden(preview)["form_token"]
    again = rita.post(url(), {**hidden(preview), "title": "Another"})
    assert again.context["preview"].rows_read == 3
    rita.post(url(), {**hidden(again), "step": "send"})
    assert Project.objects.get().title == "Another"


def test_a_kept_file_can_be_left_out_or_replaced(rita: Client, broker: None) -> None:
    kept = hidden(send(rita, file=file()))
    replaced = rita.post(url(), {**kept, "file": file(CSV + b"Call,Sales,5\n", "more.csv")})
    assert (replaced.context["preview"].name, replaced.context["preview"].rows_read) == ("more.csv", 4)
    rita.post(url(), {**hidden(replaced), "drop_file": "1"})
    assert Project.objects.get().intake == {}
    assert list(uploads.upload_folder().iterdir()) == []


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"%PDF-1.7 nonsense", "team.pdf", "team.pdf is a PDF"),
        (b"PK\x03\x04 nonsense", "team.xlsx", "team.xlsx is a damaged workbook"),
        (b"\x1f\x8b nonsense", "team.csv.gz", "team.csv.gz is a damaged gzip file"),
        (b"%PDF-1.7 nonsense", "<b>.pdf", "&lt;b&gt;.pdf is a PDF"),
        (b"", "team.csv", "empty"),
    ],
)
def test_an_unreadable_file_is_refused_at_its_field_and_what_was_typed_stays(
    rita: Client, content: bytes, name: str, why: str
) -> None:
    response = send(rita, title="A title", file=file(content, name), **{"figures-audit-hourly_rate": "45"})
    html = response.content.decode()
    assert why in str(response.context["form"].errors["file"])
    assert 'aria-describedby="id_file_helptext id_file_error"' in html
    assert "Where does our time go?" in html
    assert 'value="A title"' in html
    assert 'value="45"' in html
    assert not Project.objects.exists()
    assert list(uploads.upload_folder().iterdir()) == []


def test_a_readable_file_is_kept_while_another_field_is_corrected(rita: Client) -> None:
    response = send(rita, file=file(), **{"figures-audit-hourly_rate": "-1"})
    assert list(response.context["form"].chosen_figures.errors) == ["hourly_rate"]
    assert response.context["upload"].name == "team.csv"


def test_a_file_that_is_too_large_is_refused_and_not_stored(rita: Client, settings: Any) -> None:
    settings.SPREADSHEET_LIMITS = replace(settings.SPREADSHEET_LIMITS, most_bytes=1 << 20)
    response = send(rita, title="A title", file=file(CSV + b"x" * (1 << 20)))
    assert list(response.context["form"].errors) == ["file"]
    assert "team.csv is larger than 1 MB" in str(response.context["form"].errors["file"])
    assert response.context["form"]["title"].value() == "A title"
    assert list(uploads.upload_folder().iterdir()) == []


def test_a_packed_file_is_read_as_it_is_at_the_other_door(rita: Client) -> None:
    assert send(rita, file=file(gzip.compress(CSV), "team.csv.gz")).context["preview"].rows_read == 3


def test_neither_words_nor_a_file_is_refused(rita: Client) -> None:
    response = send(rita, request_text="  ")
    assert list(response.context["form"].errors) == ["request_text"]
    assert 'role="alert" tabindex="-1" autofocus' in response.content.decode()


def test_a_form_sent_twice_opens_one_project(rita: Client, broker: None) -> None:
    typed = {"form_token": form_token(rita), **CHOSEN}
    first, second = rita.post(url(), typed), rita.post(url(), typed)
    assert first.url == second.url
    assert Project.objects.count() == 1
    assert rita.post(url(), {**typed, "form_token": form_token(rita)}).url != first.url


def test_a_preview_sent_twice_opens_one_project(rita: Client, broker: None) -> None:
    typed = {**hidden(send(rita, file=file())), "step": "send"}
    assert rita.post(url(), typed).url == rita.post(url(), typed).url
    assert Project.objects.count() == 1


def gone(token: str, user: User) -> uploads.Upload:
    """The file was discarded before anybody looked for it."""
    raise uploads.UploadGone


def vanished(token: str, user: User) -> uploads.Upload:
    """The file was discarded after it was found."""
    return uploads.Upload(Path("/gone"), "team.csv", token)


@pytest.mark.parametrize("find", [uploads.find_upload, gone, vanished])
def test_a_second_click_that_overtakes_the_first_lands_on_the_same_project(
    rita: Client, broker: None, monkeypatch: pytest.MonkeyPatch, find: Callable[..., uploads.Upload]
) -> None:
    preview = send(rita, file=file())
    typed = {**hidden(preview), "step": "send"}
    first = rita.post(url(), typed)
    again = uploads.keep_upload(file(), User.objects.get(username="rita"))
    looked, looks = NewRequest.opened_before, count()
    monkeypatch.setattr(NewRequest, "opened_before", lambda self: looked(self) if next(looks) else None)
    monkeypatch.setattr(uploads, "find_upload", find)
    assert rita.post(url(), {**typed, "upload": again.token}).url == first.url
    assert Project.objects.count() == 1


def test_the_same_token_in_other_hands_is_another_request(rita: Client, rob: Client, broker: None) -> None:
    typed = {"form_token": form_token(rita), **CHOSEN}
    assert rita.post(url(), typed).url != rob.post(url(), typed).url
    assert set(Project.objects.values_list("requester", flat=True)) == {"rita", "rob"}


def test_a_kept_file_is_of_no_use_to_somebody_else(rita: Client, rob: Client) -> None:
    theirs = hidden(send(rita, file=file()))
    response = rob.post(url(), {**theirs, "step": "send"})
    assert "no longer stored" in str(response.context["form"].errors["file"])
    assert not Project.objects.exists()
    assert uploads.find_upload(theirs["upload"], User.objects.get(username="rita")).path.exists()


def test_a_token_that_names_a_path_finds_nothing(rita: Client) -> None:
    user = User.objects.get(username="rita")
    (Path(uploads.upload_folder()).parent / "secret_key").write_text("secret")
    for name in ("../secret_key", "/etc/passwd", ""):
        with pytest.raises(uploads.UploadGone):
            uploads.find_upload(signing.dumps([name, "x"], salt=uploads.salt_of(user)), user)


def test_kept_files_are_private_few_and_swept_after_a_day(rita: Client) -> None:
    user = User.objects.get(username="rita")
    old = uploads.keep_upload(file(), user)
    os.utime(old.path, (time.time() - uploads.KEPT_SECONDS - 5,) * 2)
    kept = [uploads.keep_upload(file(name=f"../{n}.csv"), user) for n in range(uploads.MOST_KEPT + 1)]
    there = {path.name for path in uploads.upload_folder().iterdir()}
    assert len(there) == uploads.MOST_KEPT
    assert kept[-1].path.name in there
    assert old.path.name not in there
    assert kept[-1].name == f"{uploads.MOST_KEPT}.csv"
    assert kept[-1].path.stat().st_mode & 0o077 == 0
    assert uploads.upload_folder().stat().st_mode & 0o077 == 0


def test_figures_of_a_kind_of_work_that_is_not_chosen_are_ignored_and_kept(rita: Client, broker: None) -> None:
    number = {"type": "integer", "minimum": 3, "title": "Seats", "x_pointer": "/office/seats"}
    other = template_of(step("only", needs={"type": "object", "properties": {"seats": number}}))
    typed = {"figures-audit-hourly_rate": "45", f"figures-{other}-seats": "not a number"}
    assert send(rita, **typed).status_code == 302
    assert Project.objects.get().context.data["hourly_rate"] == 45
    assert "office" not in Project.objects.get().context.data
    refused = send(rita, request_text="", **typed)
    assert 'value="not a number"' in refused.content.decode()
    assert [form.errors for form in refused.context["form"].figures if form.kind.name == other] == [{}]
    send(rita, template=other, **{**typed, f"figures-{other}-seats": "4"})
    data = Project.objects.get(template__name=other).context.data
    assert data["office"] == {"seats": 4}
    assert "hourly_rate" not in data


def test_a_figure_out_of_bounds_is_refused_at_its_field(rita: Client) -> None:
    for value in ("0", "-5", "100001", "many"):
        response = send(rita, **{"figures-audit-hourly_rate": value})
        assert list(response.context["form"].chosen_figures.errors) == ["hourly_rate"], value
    assert not Project.objects.exists()


def test_an_unknown_kind_of_work_is_refused(rita: Client) -> None:
    assert "template" in send(rita, template="nonsense").context["form"].errors


def test_only_the_newest_version_of_a_template_can_be_chosen(rita: Client) -> None:
    for title in ("The old one", "The new one"):
        add_version({"name": "versioned", "title": title, "items": [step("only")]}, by="test")
    html = rita.get(url()).content.decode()
    assert "The new one" in html
    assert "The old one" not in html


def test_who_may_not_send_requests_is_told_so(client: Client) -> None:
    client.force_login(User.objects.create_user("guest"))
    response = client.get(url())
    assert response.status_code == 403
    assert "Your role does not include sending requests." in response.content.decode()
    assert client.post(url(), CHOSEN).status_code == 403


def test_signing_in_comes_first(client: Client) -> None:
    assert client.get(url()).url == f"{reverse('sign-in')}?next={url()}"
    assert client.post(url(), CHOSEN).url.startswith(reverse("sign-in"))
