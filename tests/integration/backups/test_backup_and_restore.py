"""A backup of the test's own database, restored into another one of the same kind: empty, full, in use, broken off."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import Settings

from accounts.audit import AuditRecord
from accounts.keys import NoSuchKey, make_key, revoke_key, user_of_key
from backlog.flow.after_restore import begin_again
from backlog.models import Item, WorkContext
from backups import archive, making, restoring
from backups.contents import OF_PEOPLE
from backups.errors import BackupError, DamagedBackup, UnfitBackup
from backups.folders import PASSING, locked, passing_folder
from backups.making import backup_path, make_backup
from backups.places import Database, own_database
from backups.postgres import PostgresDatabase, set_aside
from backups.sqlite import SqliteDatabase
from encryption import data_keys
from environment.variables import Environment
from events import archives
from events.artifacts import NDJSON, store
from events.models import Archive
from events.producer_keys import make_producer
from reports.models import SharedLink
from tests.flows import completed, dispatch_of, opened, step, tell
from tests.receivers import administrator
from webhooks.services import register_endpoint

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

ROWS = [{"text": "Match payments", "estimated_minutes": 90}]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, settings: Settings) -> None:
    """A data folder of this test's own."""
    settings.DATA_DIR = tmp_path / "data"
    settings.ARTIFACTS_DIR = settings.DATA_DIR / "artifacts"
    settings.DATA_DIR.mkdir()


@pytest.fixture
def made(broker: None, tmp_path: Path, settings: Settings) -> Path:
    """A backup of two projects, one of them with stored rows, the other done."""
    project = opened()
    WorkContext.objects.filter(project=project).update(data={"rows": [], "rows_ref": store(ROWS, media_type=NDJSON)})
    tell(completed(dispatch_of(opened(step("only")))))
    archived = archives.path_of(Archive(pk=1, month="2026-11", made_at=datetime(2026, 11, 27, tzinfo=UTC)))
    archived.parent.mkdir(parents=True)
    archived.write_bytes(b"events of a project that ended long ago")
    archived.with_name("tmpunfinished").write_bytes(b"half of them")
    path = tmp_path / "one.backup"
    make_backup(path, archive.no_report)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database beside the test's own, into which `restore` restores, and an empty data folder."""
    settings.DATA_DIR = tmp_path / "elsewhere"
    settings.ARTIFACTS_DIR = settings.DATA_DIR / "artifacts"
    settings.DATA_DIR.mkdir()
    name = f"elsewhere_{uuid4().hex[:8]}"
    here = own_database()
    other: Database = SqliteDatabase(settings.DATA_DIR / "interlock.sqlite3")
    if isinstance(here, PostgresDatabase):
        with closing(here.connect()) as server:
            server.execute(f"CREATE DATABASE {name}")
        other = PostgresDatabase({**here.parameters, "dbname": name})
    monkeypatch.setattr(restoring, "own_database", lambda: other)
    monkeypatch.setattr(restoring, "call_command", lambda *_, **__: None)  # the test's own database is migrated
    monkeypatch.setattr(restoring, "begin_again", lambda: 0)
    yield other
    if isinstance(here, PostgresDatabase):
        with closing(here.connect()) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def restored(path: Path, *, replace: bool = False, revoke_keys: bool = False) -> restoring.Restored:
    """Restore the backup."""
    return restoring.restore(path, replace=replace, report=archive.no_report, revoke_keys=revoke_keys)


def counts(database: Database) -> dict[str, int]:
    """{table: rows} of the tables with what people made."""
    opened_connection: Any = database.connect()
    with closing(opened_connection):
        return {t: opened_connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in OF_PEOPLE}


def test_every_row_and_every_artifact_is_there_again(made: Path, elsewhere: Database, settings: Settings) -> None:
    found = restored(made).manifest
    assert counts(elsewhere) == counts(own_database()) == {t: found.counts[t] for t in OF_PEOPLE}
    assert found.counts["backlog_project"] == 2
    assert found.missing_artifacts == []
    assert [name.partition("/")[0] for name in found.stored] == ["archive", "artifacts"]
    assert all((settings.DATA_DIR / name).read_bytes() for name in found.stored)
    assert made.stat().st_mode & 0o777 == 0o600


def test_keys_that_are_valid_again_are_told_and_end_if_asked_for(made: Path, elsewhere: Database) -> None:
    key, text = make_key(administrator(), name="old", scopes=["read"], lifetime=None)
    ended, _text = make_key(key.user, name="ended", scopes=["read"], lifetime=None)
    revoke_key(ended)
    types = ["PROJECT.INITIAL_REQUEST_RECEIVED"]
    make_producer(name="tickets", types=types, agents=[], by="ann")
    end = timezone.now() + timedelta(days=1)
    SharedLink.objects.create(project=opened(), digest="d", made_by="ann", expires_at=end)
    expected = {"API keys": 1, "keys of producers": 1, "shared links": 1}
    assert restored(made).keys == expected
    assert user_of_key(text) == key.user
    assert restored(made, replace=True, revoke_keys=True).keys == expected
    with pytest.raises(NoSuchKey):
        user_of_key(text)
    assert restored(made, replace=True).keys == dict.fromkeys(expected, 0)
    assert AuditRecord.objects.filter(action=AuditRecord.Action.KEY_REVOKED).count() == 1 + 2
    assert AuditRecord.objects.filter(action=AuditRecord.Action.LINK_REVOKED).count() == 1


def test_a_restored_ledger_is_protected_as_before(made: Path, elsewhere: Database) -> None:
    restored(made)
    opened_connection: Any = elsewhere.connect()
    with closing(opened_connection), pytest.raises(Exception, match="append"):
        opened_connection.execute("DELETE FROM events_event")


def test_an_artifact_that_is_deleted_meanwhile_is_in_the_backup(
    broker: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = store(ROWS, media_type=NDJSON)
    WorkContext.objects.filter(project=opened()).update(data={"rows": [], "rows_ref": reference})
    described = making.described

    def deleted_meanwhile(*args: Any, **options: Any) -> Any:
        (settings.ARTIFACTS_DIR / reference["id"]).unlink()
        return described(*args, **options)

    monkeypatch.setattr(making, "described", deleted_meanwhile)
    manifest = make_backup(tmp_path / "one.backup", archive.no_report)
    assert (manifest.stored, manifest.missing_artifacts) == ([f"artifacts/{reference['id']}"], [])


def test_an_artifact_that_was_missing_before_is_named(broker: None, tmp_path: Path) -> None:
    lost = {"id": "ab" * 32, "sha256": "ab" * 32, "rows": 1, "media_type": NDJSON}
    WorkContext.objects.filter(project=opened()).update(data={"rows": [], "rows_ref": lost})
    assert make_backup(tmp_path / "one.backup", archive.no_report).missing_artifacts == ["ab" * 32]


def test_no_secret_and_no_session_is_in_a_backup(broker: None, tmp_path: Path, settings: Settings) -> None:
    example = (Path(settings.BASE_DIR) / ".env.example").read_text()
    names = [line[2:].partition("=")[0] for line in example.splitlines() if line[2:].partition("=")[0].isupper()]
    secrets = [name for name in names if name.endswith(("KEY", "PASSWORD", "TOKEN", "URL")) and name != "PUBLIC_URL"]
    environment = Environment({name: f"hidden-{name}" for name in secrets} | {"NAMESPACE": "shown"})
    environment.names |= set(names)
    settings.ENVIRONMENT = environment
    Session.objects.create(session_key="hidden-session", session_data="x", expire_date=timezone.now())
    make_backup(tmp_path / "one.backup", archive.no_report)
    data = (tmp_path / "one.backup").read_bytes()
    assert len(secrets) >= 8
    assert b"hidden-" not in data
    assert b'"NAMESPACE": "shown"' in data


def test_a_database_that_is_not_empty_is_kept_unless_it_is_to_be_replaced(made: Path, elsewhere: Database) -> None:
    restored(made)
    tables = counts(elsewhere)
    with pytest.raises(BackupError, match="not empty"):
        restored(made)
    assert counts(elsewhere) == tables
    restored(made, replace=True)
    assert counts(elsewhere) == tables


def test_a_restore_whose_counts_are_wrong_changes_nothing(
    made: Path, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored(made)
    before = counts(elsewhere)
    monkeypatch.setattr(restoring.Contents, "counts", lambda _: {"events_event": 3})
    with pytest.raises(DamagedBackup, match="as it was before"):
        restored(made, replace=True)
    monkeypatch.undo()
    assert counts(elsewhere) == before


def test_a_restore_that_was_killed_in_its_middle_costs_nothing(made: Path, elsewhere: Database) -> None:
    restored(made)
    before = counts(elsewhere)
    if isinstance(elsewhere, PostgresDatabase):
        with closing(elsewhere.connect()) as killed:
            set_aside(killed)
    else:
        elsewhere.file.with_name(f"{elsewhere.file.name}.restoring").write_bytes(b"half of it")
    with pytest.raises(BackupError, match="not empty"):
        restored(made)
    assert counts(elsewhere) == before


def test_a_database_in_use_is_not_replaced(made: Path, elsewhere: Database) -> None:
    restored(made)
    other: Any = elsewhere.connect()
    with closing(other):
        if elsewhere.kind == "sqlite":
            other.execute("PRAGMA journal_mode=WAL")  # as every process of the system has it
        other.execute("SELECT count(*) FROM events_event").fetchone()
        with pytest.raises(BackupError, match="End every process of the system first"):
            restored(made, replace=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"migrations": {"events": ["0001_initial", "0999_of_the_future"]}}, "newer Interlock, by version 9.0.0"),
        ({"database": "another"}, "is of a (PostgreSQL|SQLite) database"),
    ],
)
def test_a_backup_that_does_not_fit_is_refused(
    change: dict[str, Any], says: str, made: Path, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "database" in change:
        change = {"database": "sqlite" if elsewhere.kind == "postgresql" else "postgresql"}
    finish = archive.Writer.finish
    changed = lambda writer, manifest: finish(writer, manifest.model_copy(update={"version": "9.0.0", **change}))  # noqa: E731
    monkeypatch.setattr(archive.Writer, "finish", changed)
    path = made.with_name("other.backup")
    make_backup(path, archive.no_report)
    with pytest.raises(UnfitBackup, match=says):
        restored(path)
    assert not list(Path(restoring.settings.DATA_DIR).glob("*.sqlite3"))


@pytest.mark.parametrize("step_of_it", ["write_backup", "opened_archive"])
def test_a_backup_that_fails_leaves_nothing(
    step_of_it: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, step_of_it, fails)
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(BackupError, match="Make room there"):
        make_backup(folder / "one.backup", archive.no_report)
    assert list(folder.iterdir()) == []


def test_what_a_killed_backup_left_is_deleted_by_the_next_and_a_running_one_is_left_alone(tmp_path: Path) -> None:
    left, running = tmp_path / f"{PASSING}left", tmp_path / f"{PASSING}running"
    left.mkdir()
    running.mkdir()
    with locked(running), passing_folder(tmp_path):
        assert (left.exists(), running.exists()) == (False, True)


@pytest.mark.parametrize("to", ["", "folder", "folder/named.backup"])
def test_a_backup_gets_a_name_that_no_file_has(to: str, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "folder").mkdir()
    path = backup_path(str(tmp_path / to) if to else "")
    assert path.parent == (tmp_path / "folder" if to else settings.DATA_DIR / "backups")
    path.touch()
    with pytest.raises(BackupError, match="exists already"):
        backup_path(str(path))
    with pytest.raises(BackupError, match="There is no folder"):
        backup_path(str(tmp_path / "nowhere" / "one.backup"))


def test_after_a_restore_nobody_has_begun_anything(broker: None) -> None:
    project = opened()
    item = Item.objects.get(project=project)
    long_ago = timezone.now() - timedelta(days=3)
    Item.objects.update(started_at=long_ago, deadline_at=long_ago)
    assert begin_again() == 1
    item = Item.objects.get(project=project)
    assert item.started_at is None
    assert item.deadline_at is not None
    assert item.deadline_at > timezone.now()


def test_a_backup_holds_no_key_and_a_restore_with_another_one_says_so(
    tmp_path: Path, elsewhere: Database, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = lambda make=False: (b"1" * 32,)
    data_keys.unwrapped.cache_clear()
    secret = register_endpoint(administrator(), url="https://example.org/hook").secret
    path = tmp_path / "with-secrets.backup"
    make_backup(path, archive.no_report)
    assert secret.encode() not in path.read_bytes()
    assert b"1" * 32 not in path.read_bytes()
    settings.ENCRYPTION_KEYS = lambda make=False: (b"2" * 32,)
    with pytest.raises(UnfitBackup, match=r"ENCRYPTION_KEY_FILE.*--lost-key"):
        restored(path)
    settings.ENCRYPTION_KEYS = lambda make=False: (b"2" * 32, b"1" * 32)
    assert restored(path).manifest.counts["webhooks_endpoint"] == 1
    settings.ENCRYPTION_KEYS = lambda make=False: (b"2" * 32,)
    restoring.restore(path, replace=True, report=archive.no_report, lost_key=True)
    data_keys.unwrapped.cache_clear()
