"""A person is erased: no table and no file names them any more, and the records can still be proved."""

import gzip
import json
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import AuditRecord
from accounts.keys import make_key
from accounts.models import BrowserSession, Letter, User
from accounts.rank import AccountHasMoreRights
from accounts.roles import ADMINISTRATOR, OPERATOR
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Project
from events import archives
from events.models import Archive, DeadLetter, Erasure, Event, packed_fields
from intake.models import QuarantinedFile, RememberedReading, UnreadRows
from intake.quarantine import quarantine_folder
from intake.upload_folder import upload_folder
from privacy.erasing import ErasureRefused, erase_person
from privacy.exporting import exported
from privacy.ledger import TOMBSTONE, discrepancies
from privacy.places import IN_THEIR_OWN_WAY, NAMES_NOBODY, PLACES
from privacy.words import Words
from tests.callers import account, person
from tests.flows import answer, envelope, on_the_log, step, template
from webhooks.services import register_endpoint

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]

NAMES = ("dana", "Dana", "Miller", "dana@example.org", "192.0.2.7")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> Path:
    """A data folder of the test's own."""
    settings.DATA_DIR, settings.QUARANTINE_DIR = tmp_path, tmp_path / "quarantine"
    return tmp_path


@pytest.fixture
def dana() -> User:
    """Somebody who has asked, answered, sent files, made keys and webhooks, signed in, and was written about."""
    made = account("dana", OPERATOR, email="dana@example.org", first_name="Dana", last_name="Miller")
    text = "Dana Miller (dana@example.org) asks for what DANA MILLER asked."
    project = asked_by("dana", request_text=text, title="For Dana Miller")
    answer(project.questions.get(), 45, by="dana")
    evidence = {"checked_by": "dana", "note": "as Miller, Dana said"}
    project.items.update(evidence=evidence)
    bury(text)
    make_key(made, name="Dana's laptop", scopes=["read"], lifetime=None)
    register_endpoint(made, url="https://example.org/hook", description="of Dana Miller")
    Client(REMOTE_ADDR="192.0.2.7").post("/sign-in/", {"username": "dana", "password": "wrong"})
    files_of(made, project)
    return made


def asked_by(name: str, **request: Any) -> Project:
    """A project that this account has asked for, with an open question."""
    needs = {"type": "object", "properties": {"rate": {"type": "number", "title": "Rate"}}, "required": ["rate"]}
    said = {"project_id": str(uuid4()), "request_text": "Do it.", "template": template(step("only", needs=needs))}
    with project_work() as work:
        submit_request(work, request={**said, "requester": name, **request})
    return Project.objects.get(pk=said["project_id"])


def bury(text: str) -> None:
    """A dead letter that names dana."""
    now, event = timezone.now(), envelope("PROJECT.OPENED", {"requester": "dana", "request_text": text})
    DeadLetter.objects.create(
        stream="audit:events", entry_id="1-0", group="orchestrator", error_class="InvalidEvent", first_seen=now,
        last_seen=now, raw=packed_fields({b"event": orjson.dumps(event)}), reason=f"No: {text}",
    )  # fmt: skip


def files_of(made: User, project: Project) -> None:
    """What dana has sent: an upload, a dangerous file, rows that could not be read."""
    (upload_folder() / f"{made.pk}-{'0' * 32}").write_text("Dana Miller")
    (quarantine_folder() / ("ab" * 32)).write_text("Dana Miller")
    QuarantinedFile.objects.create(
        sender="dana (key 1234)", door="/", name="dana@example.org.xlsx", size=1, sha256="ab" * 32
    )
    UnreadRows.objects.create(project=project, headers=["Who"], rows=[{"cells": ["Dana Miller"]}], count=1)
    RememberedReading.objects.create(owner=made, header="h", file_name="dana.csv", chosen_at=project.opened_at)


def erased(who: User, **options: Any) -> Counter[str]:
    """Erase the person; how much of what was changed."""
    counts = Counter[str]()
    for what, count in erase_person(who, **{"by": None, "reason": "Asked for by Dana Miller", **options}):
        counts[what] += count
    return +counts


def everything() -> str:
    """Every row of every table as text, with the packed bytes unpacked, and every file of the data folder."""
    found = [str(letter.fields) for letter in DeadLetter.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_a_person_who_was_erased_is_named_nowhere(dana: User, own_folder: Path) -> None:
    before = everything()
    assert [name for name in NAMES if name not in before] == []
    counts = erased(dana)
    after = everything()
    assert {name: after[after.index(name) - 200 :][:300] for name in NAMES if name in after} == {}
    assert f"erased-{dana.pk}" in after
    assert not list(upload_folder().iterdir())
    assert not list(quarantine_folder().iterdir())
    assert {"events.Event", "clarifications.Answer", "accounts.AuditRecord", "files"} <= counts.keys()


def test_the_account_is_an_empty_shell_and_who_erased_it_is_on_record(dana: User) -> None:
    erased(dana)
    shell = User.objects.get(pk=dana.pk)
    assert (shell.username, shell.email, shell.get_full_name()) == (f"erased-{dana.pk}", "", "")
    assert (shell.is_active, shell.is_staff, shell.has_usable_password(), shell.groups.count()) == (False,) * 3 + (0,)
    assert not shell.keys.live().exists()
    erasure, record = Erasure.objects.get(), AuditRecord.objects.get(action="person-erased")
    assert (erasure.account_id, erasure.is_open, bool(erasure.finished_at)) == (dana.pk, False, True)
    assert erasure.reason == f"Asked for by erased-{dana.pk}"
    assert (record.target, record.details) == (f"erased-{dana.pk}", f"erasure {erasure.pk}: {erasure.reason}")
    with pytest.raises(ErasureRefused, match="already"):
        erased(shell)


def test_the_ledger_is_proved_by_digests_and_tombstones(
    dana: User, broker: None, django_capture_on_commit_callbacks: Any
) -> None:
    assert unproved() == []
    digests = dict(Event.objects.values_list("event_id", "digest"))
    with django_capture_on_commit_callbacks(execute=True):
        erased(dana)
    assert unproved() == []
    assert {
        name: digest for name, digest in Event.objects.values_list("event_id", "digest") if name in digests
    } == digests
    [tombstone] = Event.objects.filter(type=TOMBSTONE)
    named = {said["event_id"] for said in tombstone.payload["events"]}
    unfit = {str(e.event_id) for e in Event.objects.all() if e.envelope().digest() != e.digest}
    assert named == unfit != set()
    assert [event["event_id"] for event in on_the_log(TOMBSTONE)] == [str(tombstone.event_id)]


def test_a_payload_that_was_changed_without_a_tombstone_is_found(dana: User) -> None:
    from tests.emptying import without_triggers

    erased(dana)
    changed = Event.objects.filter(type="PROJECT.OPENED").get()
    with without_triggers():
        Event.objects.filter(pk=changed.pk).update(payload={**changed.payload, "items": 99})
    assert unproved() == [str(changed.event_id)]


def unproved() -> list[str]:
    """The ids of the events of the ledger whose payload is not what was recorded."""
    return [name for _count, names in discrepancies() for name in names]


def test_archives_are_written_anew_and_can_be_read(own_folder: Path) -> None:
    dana = account("dana", OPERATOR, email="dana@example.org")
    project = asked_by("dana")
    archive = archives.start([project.pk], month="2025-11")
    for _ in archives.write(archive):
        pass
    Archive.objects.filter(pk=archive.pk).update(verified_at=timezone.now())
    archive.refresh_from_db()
    before = archive.sha256
    assert erased(dana)["events in archives"] > 0
    archive.refresh_from_db()
    archives.verify(archive)
    text = gzip.decompress(archives.path_of(archive).read_bytes()).decode()
    assert "dana" not in text
    assert f"erased-{dana.pk}" in text
    [said] = Erasure.objects.get().archives
    assert (said["sha256_before"], said["sha256"]) == (before, archive.sha256)
    assert len(said["events"]) == text.count(f'"requester":"erased-{dana.pk}"')


def test_a_dry_run_counts_the_same_and_changes_nothing(dana: User) -> None:
    before = everything()
    counts = erased(dana, dry_run=True)
    assert everything() == before
    real = erased(dana)
    # Closing the account adds to the log.
    assert counts - Counter(dict.fromkeys(["accounts.AuditRecord"], 99)) == real - Counter(
        dict.fromkeys(["accounts.AuditRecord"], 99)
    )


def test_a_run_that_was_broken_off_is_run_again(dana: User) -> None:
    steps = erase_person(dana, by=None, reason="Asked for")
    for what, count in steps:
        if what == "events.Event" and count:
            break
    steps.close()
    dana.refresh_from_db()
    assert (dana.username, dana.is_active) == ("dana", False)
    erased(dana)
    assert [name for name in NAMES if name in everything()] == []
    assert Erasure.objects.count() == 1


def test_names_that_are_words_of_others_stay() -> None:
    made = account("finance", email="finance@example.org")
    words = Words(made, also=["Fin"])
    assert words.in_text("Where does finance lose time? Ask Finance@example.org.") == (
        f"Where does finance lose time? Ask {words.tombstone}."
    )
    assert words.in_document({"requester": "finance", "note": "finance", "by": "FINANCE (key 12)"}) == {
        "requester": words.tombstone, "note": "finance", "by": f"{words.tombstone} (key 12)",
    }  # fmt: skip
    assert words.in_text("Fin and Finland, fin!") == f"{words.tombstone} and Finland, {words.tombstone}!"


def test_nobody_erases_a_person_above_their_own_role_nor_themselves(dana: User) -> None:
    operator, administrator = account("olga", OPERATOR), account("adam", ADMINISTRATOR)
    with pytest.raises(AccountHasMoreRights):
        erased(administrator, by=operator)
    with pytest.raises(ErasureRefused, match="another administrator"):
        erased(administrator, by=administrator)
    with pytest.raises(ErasureRefused, match="why"):
        erased(dana, by=administrator, reason=" ")
    assert not Erasure.objects.exists()
    assert User.objects.filter(is_active=True, username__in=["adam", "dana"]).count() == 2


def test_an_administrator_erases_on_the_page_of_accounts_with_a_reason(dana: User, settings: Settings) -> None:
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    root = account("root", is_superuser=True)
    caller, page = person("adam", ADMINISTRATOR), "/admin/accounts/user/"
    chosen = {"action": "erase_people", "_selected_action": [dana.pk, root.pk]}
    asked = caller.client.post(page, chosen)
    assert "reason" in asked.content.decode()
    assert User.objects.get(pk=dana.pk).username == "dana"
    caller.client.post(page, {**chosen, "reason": "Asked for"}, follow=True)
    assert User.objects.get(pk=dana.pk).username == f"erased-{dana.pk}"
    assert User.objects.get(pk=root.pk).username == "root"
    assert Erasure.objects.get().by == "adam"


def test_what_is_kept_for_signing_in_goes_with_the_person_and_is_exported_before(dana: User) -> None:
    BrowserSession.objects.create(
        account=dana, session_key="k", address="192.0.2.7", browser="Firefox", used_at=timezone.now()
    )
    Letter.objects.create(kind="forgotten", typed_address="DANA@example.org")
    SocialAccount.objects.create(user=dana, provider="sso", uid="subject of dana")
    Authenticator.objects.create(user=dana, type="webauthn", data={"name": "Dana's key", "credential": {}})
    User.objects.filter(pk=dana.pk).update(verified_email="dana@example.org")
    document = json.loads(b"".join(exported(dana)))
    assert [document["sessions"][0]["browser"], document["identities"][0]["uid"]] == ["Firefox", "subject of dana"]
    assert document["second_factors"][0]["type"] == "webauthn"
    for _step in erase_person(dana, by=None, reason="Asked for"):
        pass
    for model in (BrowserSession, Letter, SocialAccount, Authenticator):
        assert not model._base_manager.exists()
    assert User.objects.get(pk=dana.pk).verified_email == ""


def test_everything_about_a_person_is_exported_and_that_is_on_record(dana: User) -> None:
    document = json.loads(b"".join(exported(dana)))
    assert document["account"]["email"] == "dana@example.org"
    assert document["roles"] == [OPERATOR]
    assert [key["name"] for key in document["keys"]] == ["Dana's laptop"]
    assert [project["title"] for project in document["projects"]] == ["For Dana Miller"]
    assert document["unread_rows"][0]["rows"] == [{"cells": ["Dana Miller"]}]
    assert document["remembered_readings"][0]["file_name"] == "dana.csv"
    assert [said["answered_by"] for said in document["clarifications.Answer"]] == ["dana"]
    assert {"PROJECT.INITIAL_REQUEST_RECEIVED", "USER.ANSWER_SUBMITTED"} <= {
        e["type"] for e in document["events.Event"]
    }
    assert "digest" not in document["keys"][0]
    assert AuditRecord.objects.get(action="person-exported").target == "dana"


def test_the_commands_ask_show_and_write(dana: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no account nobody"):
        call_command("people", "export", "nobody")
    out, file = StringIO(), tmp_path / "dana.json"
    call_command("people", "export", "dana", "--output", str(file), stdout=out)
    assert json.loads(file.read_bytes())["account"]["username"] == "dana"
    with pytest.raises(CommandError, match="--yes"):
        call_command("people", "erase", "dana", "--reason", "Asked for")
    call_command("people", "erase", "dana", "--dry-run", stdout=out)
    assert f"dana would become erased-{dana.pk}" in out.getvalue()
    call_command("people", "erase", "dana", "--reason", "Asked for", "--yes", stdout=out)
    assert f"dana is now erased-{dana.pk}" in out.getvalue()


def test_every_table_is_said_to_name_people_or_nobody() -> None:
    listed = {place.model for place in PLACES} | IN_THEIR_OWN_WAY | NAMES_NOBODY
    assert {model._meta.label for model in apps.get_models(include_auto_created=True)} == listed
    fields = {f"{place.model}.{name}" for place in PLACES for name in place.fields}
    assert all(apps.get_model(name.rpartition(".")[0])._meta.get_field(name.rpartition(".")[2]) for name in fields)
