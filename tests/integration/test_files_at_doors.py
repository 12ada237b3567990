"""Files are stored where they are taken, from people who are known; reading one holds up nobody."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.roles import OPERATOR
from api import idempotency, projects
from api.models import KeptAnswer
from backlog.models import Project
from intake.spreadsheets import places
from tests.callers import Caller, machine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CSV = b"Task,Category,Duration (min)\nMatch payments,Receivables,90\nFile,Payables,2 h\n"
KEY = {"Idempotency-Key": "k1"}


@pytest.fixture
def bot() -> Caller:
    """A machine that may open projects."""
    return machine("bot", OPERATOR)


def file(content: bytes = CSV) -> SimpleUploadedFile:
    """A file as a caller sends it."""
    return SimpleUploadedFile("team.csv", content)


def send(caller: Caller, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    """A request sent as a form."""
    sent = {**caller.headers, **(headers or {})}
    return caller.client.post("/api/v1/projects", {"file": file(), **fields}, headers=sent)


# -- who may have files stored ---------------------------------------------------------------------
@pytest.mark.parametrize(
    "path", ["/sign-in/", "/requests/new/", "/api/v1/projects", "/answer/nonsense/", "/admin/login/"]
)
def test_nothing_of_a_strangers_file_is_stored(path: str) -> None:
    response = Client().post(path, {"username": "a", "password": "b", "file": file()})
    assert dict(response.wsgi_request.FILES) == {}


def test_nothing_of_a_file_is_stored_where_none_is_taken(client: Client, bot: Caller) -> None:
    assert bot.user is not None
    client.force_login(bot.user)
    assert dict(client.post("/sign-in/", {"file": file()}).wsgi_request.FILES) == {}


def test_more_files_than_any_form_has_are_refused(bot: Caller) -> None:
    assert send(bot, second=file(), third=file()).status_code == 413


@pytest.mark.both
# -- a file and a key ------------------------------------------------------------------------------
@pytest.mark.spine
def test_a_file_with_a_key_opens_one_project(bot: Caller) -> None:
    first, second = (send(bot, KEY) for _ in range(2))
    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert first.json()["intake"]["rows_read"] == 2
    assert Project.objects.count() == 1


@pytest.mark.both
@pytest.mark.spine
def test_no_transaction_is_open_while_a_file_is_read(bot: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, read = [], projects.read_upload

    def watched(*upload: Any) -> Any:
        seen.append((connection.in_atomic_block, send(bot, KEY)))
        return read(*upload)

    monkeypatch.setattr(projects, "read_upload", watched)
    assert send(bot, KEY).status_code == 201
    [(was_open, second)] = seen
    assert not was_open
    assert (second.status_code, second.json()["type"]) == (409, "urn:interlock:problem:in-progress")
    assert int(second["Retry-After"]) > 0
    assert Project.objects.count() == 1


@pytest.mark.spine
def test_what_was_under_way_with_somebody_who_is_gone_begins_anew(bot: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    read = projects.read_upload

    def late(*upload: Any) -> Any:
        monkeypatch.setattr(projects, "read_upload", read)
        KeptAnswer.objects.update(claimed_at=timezone.now() - idempotency.LONGEST_CLAIM - timedelta(seconds=1))
        assert send(bot, KEY).status_code == 201
        return read(*upload)

    monkeypatch.setattr(projects, "read_upload", late)
    assert send(bot, KEY).status_code == 409
    assert send(bot, KEY).status_code == 201
    assert Project.objects.count() == 1


@pytest.mark.spine
def test_a_file_that_cannot_be_read_leaves_its_key_free(bot: Caller) -> None:
    assert send(bot, KEY, file=file(b"%PDF-1.7")).status_code == 422
    assert send(bot, KEY).status_code == 201


# -- what a file leaves open -----------------------------------------------------------------------
def test_an_open_unit_is_told_with_what_each_reading_would_total(bot: Caller) -> None:
    response = send(bot, file=file(b"Task,Time Spent\nPay,2100\nPost,300\n"))
    assert response.status_code == 201
    [question] = response.json()["intake"]["questions"]
    assert question["field"] == "duration_unit"
    assert {choice["value"]: choice["minutes"] for choice in question["choices"]}.items() >= {
        "s": 40,
        "min": 2400,
    }.items()
    assert response.json()["intake"]["warnings"]


def test_a_file_without_a_readable_duration_is_refused(bot: Caller) -> None:
    response = send(bot, file=file(b"Task,Minutes\nPay,soon\n"))
    assert response.status_code == 422
    assert "No duration of team.csv can be read" in response.json()["detail"]


# -- too many at once ------------------------------------------------------------------------------
def test_where_too_many_files_are_read_the_caller_is_told_when_to_come_again(
    bot: Caller, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(places, "LONGEST_WAIT_SECONDS", 0.1)
    held = [places.lock_free_place("reading", 2) for _ in range(2)]
    response = send(bot, KEY)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    for lock in held:
        assert lock is not None
        os.close(lock)
    assert send(bot, KEY).status_code == 201
