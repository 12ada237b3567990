"""The virus scanner: its protocol, and every door through which a file comes; without a verdict nothing is read."""

import io
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.models import User
from accounts.roles import OPERATOR, REQUESTER
from backlog.models import Project
from clarifications.models import Answer, Question
from intake import clamd, quarantine, uploads
from intake.models import QuarantinedFile
from intake.spreadsheets import outside
from tests.callers import account, machine
from tests.fake_clamd import EICAR, FakeClamd, fake_clamd
from tests.hostile_corpus import CORPUS
from workers.agents.figures import ROWS_SCHEMA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

CSV = b"Task,Category,Duration (min)\nMatch payments,Receivables,90\n"
INFECTED = CSV + EICAR + b",,1\n"
BOMB = next(hostile for hostile in CORPUS if hostile.name == "bomb in gz")
Send = Callable[[bytes], str]


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.QUARANTINE_DIR = tmp_path, tmp_path / "quarantine"


@pytest.fixture
def scanner(settings: Any) -> Iterator[FakeClamd]:
    with fake_clamd() as scanner:
        settings.CLAMD = scanner.address
        settings.CLAMD_SECONDS = 5.0
        yield scanner


# -- the protocol ----------------------------------------------------------------------------------
def found(scanner: FakeClamd, content: bytes, seconds: float = 5.0) -> str:
    """What the scanner finds."""
    return clamd.signature_found(io.BytesIO(content), scanner.address, seconds)


@pytest.mark.parametrize("on_unix", [True, False])
def test_a_scanner_says_what_it_finds_and_gets_every_byte(on_unix: bool, tmp_path: Path) -> None:
    with fake_clamd(tmp_path if on_unix else None) as scanner:
        content = bytes(range(256)) * 1000
        assert found(scanner, content) == ""
        assert found(scanner, b"") == ""
        assert found(scanner, INFECTED) == "Eicar-Test-Signature"
        assert scanner.scanned == [content, b"", INFECTED]


@pytest.mark.parametrize("behaviour", ["error", "close at once", "close early", "close late", "flood"])
def test_what_is_no_verdict_is_a_failure(scanner: FakeClamd, behaviour: str) -> None:
    scanner.behaviour = behaviour
    with pytest.raises(clamd.ScannerFailed):
        found(scanner, CSV * 10_000)


@pytest.mark.parametrize("behaviour", ["silent", "drip"])
def test_a_scanner_that_does_not_come_to_an_end_is_given_up(scanner: FakeClamd, behaviour: str) -> None:
    scanner.behaviour, started = behaviour, time.monotonic()
    with pytest.raises(clamd.ScannerFailed):
        found(scanner, CSV, seconds=0.3)
    assert time.monotonic() - started < 3


def test_a_file_larger_than_the_scanner_takes_is_told_apart(scanner: FakeClamd) -> None:
    scanner.most_bytes = 100_000
    with pytest.raises(clamd.BeyondScanner):
        found(scanner, bytes(10 << 20))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "/nowhere/clamd.ctl", "nowhere.invalid:3310"])
def test_a_scanner_that_is_not_there_is_a_failure(address: str) -> None:
    with pytest.raises(clamd.ScannerFailed, match=re.escape(address)):
        clamd.signature_found(io.BytesIO(CSV), address, 2.0)


# -- the doors -------------------------------------------------------------------------------------
def upload(content: bytes, name: str = "team.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def send_by_page(content: bytes) -> str:
    """Send it on the page of a new request; what the page says."""
    client = Client()
    client.force_login(account("rita", REQUESTER))
    typed = {"template": "audit", "request_text": "Look", "file": upload(content)}
    return client.post(reverse("portal:new"), typed).content.decode()


def send_by_rest(content: bytes) -> str:
    caller = machine(f"bot{User.objects.count()}", OPERATOR)
    sent = {"request_text": "Look", "file": upload(content)}
    return caller.client.post("/api/v1/projects", sent, headers=caller.headers).content.decode()


def send_as_answer(content: bytes) -> str:
    """Answer a question with it on the portal's page."""
    return answer_with(
        content, account("rita", REQUESTER), lambda question: reverse("portal:question", args=[question])
    )


def send_as_answer_of_staff(content: bytes) -> str:
    page = "admin:clarifications_question_change"
    return answer_with(content, account("olga", OPERATOR), lambda question: reverse(page, args=[question]))


def answer_with(content: bytes, user: User, url_of: Callable[[Any], str]) -> str:
    """Answer a question for rows with the file, on the page at this address."""
    client = Client()
    client.force_login(user)
    owner = User.objects.filter(username="rita").first() or account("rita", REQUESTER)
    call_command("intake", text="Look", requester=owner.get_username(), stdout=io.StringIO())
    question = Question.objects.get(field="hourly_rate")
    Question.objects.filter(pk=question.pk).update(field="rows", pointer="/rows", schema=ROWS_SCHEMA, title="Tasks")
    typed = {"answer_question": "1", "spreadsheet": upload(content)}
    page = client.post(url_of(question.pk), typed, follow=True).content.decode()
    assert not Answer.objects.exists() or "Match payments" in str(Answer.objects.get().value)
    return page


def send_by_command(content: bytes, command: str, tmp_path: Path) -> str:
    """Read it with a command; what the command says."""
    path = tmp_path / "team.csv"
    path.write_bytes(content)
    said = io.StringIO()
    try:
        if command == "inspect":
            call_command("inspect", str(path), stdout=said)
        else:
            call_command("intake", file=path, stdout=said)
    except CommandError as error:
        return str(error)
    return said.getvalue()


PAGES = {
    "page": send_by_page,
    "REST": send_by_rest,
    "answer": send_as_answer,
    "answer of staff": send_as_answer_of_staff,
}


@pytest.fixture(params=[*PAGES, "intake", "inspect"])
def send(request: pytest.FixtureRequest, tmp_path: Path) -> Send:
    """Every door through which a file comes."""
    if request.param in PAGES:
        return PAGES[request.param]
    return lambda content: send_by_command(content, request.param, tmp_path)


@pytest.fixture(params=PAGES)
def send_over_the_web(request: pytest.FixtureRequest) -> Send:
    return PAGES[request.param]


def test_a_clean_file_is_read_after_it_was_scanned(send: Send, scanner: FakeClamd) -> None:
    assert "scanner" not in send(CSV)
    assert scanner.scanned == [CSV]


def test_an_infected_file_is_refused_in_words_and_nothing_of_it_is_used(send: Send, scanner: FakeClamd) -> None:
    projects = Project.objects.count()
    said = send(INFECTED)
    assert "team.csv was not read: the virus scanner found Eicar-Test-Signature in it." in said
    assert Project.objects.count() - projects <= len(Question.objects.all())
    assert not Answer.objects.exists()


@pytest.mark.parametrize("behaviour", ["error", "silent", "close late"])
def test_a_file_without_a_verdict_is_not_read_and_can_be_sent_again(
    send: Send, scanner: FakeClamd, behaviour: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner.behaviour, settings.CLAMD_SECONDS = behaviour, 0.3
    monkeypatch.setattr(outside, "running_child", None)
    assert "team.csv cannot be checked for viruses at the moment, so it was not read. Send it again" in send(CSV)
    assert not QuarantinedFile.objects.exists()


def test_a_file_beyond_the_scanner_is_refused_for_good(send: Send, scanner: FakeClamd) -> None:
    scanner.most_bytes = 10
    assert "team.csv is larger than the virus scanner takes" in send(CSV)


def test_no_door_reads_a_file_inside_of_a_transaction(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, real = [], outside.running_child

    def watched(*arguments: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return real(*arguments)

    monkeypatch.setattr(outside, "running_child", watched)
    send(CSV)
    assert seen == [False]


# -- quarantine ------------------------------------------------------------------------------------
def test_a_dangerous_file_goes_into_quarantine_with_who_sent_it_where_and_why(
    send_over_the_web: Send, scanner: FakeClamd
) -> None:
    send_over_the_web(INFECTED)
    record = QuarantinedFile.objects.get()
    assert (record.name, record.size, record.is_kept) == ("team.csv", len(INFECTED), True)
    assert record.sender.startswith(("rita", "bot", "olga"))
    assert record.door.startswith("/")
    assert "Eicar-Test-Signature" in record.reason
    kept = quarantine.quarantine_folder() / record.sha256
    assert kept.read_bytes() == INFECTED
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    audit = AuditRecord.objects.get(action="file-quarantined")
    assert (audit.actor, audit.target) == (record.sender, "team.csv")
    assert record.sha256 in audit.details
    assert list(uploads.upload_folder().iterdir()) == []


def test_a_bomb_goes_into_quarantine_without_a_scanner(send_over_the_web: Send) -> None:
    assert "unpacks to 200 times its size" in send_over_the_web(BOMB.make())
    assert QuarantinedFile.objects.count() == 1


def test_what_is_merely_no_spreadsheet_goes_into_no_quarantine(send_over_the_web: Send) -> None:
    assert "is a PDF" in send_over_the_web(b"%PDF-1.7")
    assert not QuarantinedFile.objects.exists()


def test_a_file_at_the_command_line_stays_where_it_is(scanner: FakeClamd, tmp_path: Path) -> None:
    send_by_command(INFECTED, "inspect", tmp_path)
    assert (tmp_path / "team.csv").read_bytes() == INFECTED
    assert not QuarantinedFile.objects.exists()


def test_the_same_content_is_kept_once_and_each_sending_is_on_record(scanner: FakeClamd) -> None:
    send_by_rest(INFECTED)
    send_by_rest(INFECTED)
    assert QuarantinedFile.objects.count() == 2
    assert len(list(quarantine.quarantine_folder().iterdir())) == 1


def test_a_full_quarantine_keeps_the_record_alone(scanner: FakeClamd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_KEPT_BYTES", 10)
    send_by_rest(INFECTED)
    assert not QuarantinedFile.objects.get().is_kept
    assert list(quarantine.quarantine_folder().iterdir()) == []


def test_old_files_are_pruned_and_newer_ones_of_the_same_content_stay(scanner: FakeClamd, settings: Any) -> None:
    for content in (INFECTED, INFECTED + b"x", INFECTED):
        send_by_rest(content)
    old = timezone.now() - timedelta(days=settings.QUARANTINE_DAYS, seconds=1)
    newest = QuarantinedFile.objects.latest("id")
    QuarantinedFile.objects.exclude(pk=newest.pk).update(quarantined_at=old)
    send_by_rest(CSV)  # any file that comes over the web prunes
    assert QuarantinedFile.objects.get() == newest
    assert [path.name for path in quarantine.quarantine_folder().iterdir()] == [newest.sha256]


def test_the_record_does_not_tell_the_secret_of_an_answer_link() -> None:
    assert quarantine.door_in_words("/answer/c2VjcmV0/") == "/answer/…"


def test_only_administrators_see_the_quarantine_and_nobody_changes_it(scanner: FakeClamd) -> None:
    send_by_rest(INFECTED)
    url = reverse("admin:intake_quarantinedfile_changelist")
    client = Client()
    client.force_login(account("olga", OPERATOR))
    assert client.get(url).status_code == 403
    client.force_login(account("ann", "administrator"))
    assert "team.csv" in client.get(url).content.decode()
    part_of_the_digest = QuarantinedFile.objects.get().sha256[:32]
    assert "team.csv" in client.get(url, {"q": part_of_the_digest}).content.decode()
    record = reverse("admin:intake_quarantinedfile_change", args=[QuarantinedFile.objects.get().pk])
    assert "Eicar-Test-Signature" in client.get(record).content.decode()
    assert client.post(record, {"reason": "none"}).status_code == 403
