"""Backup and restore of whole systems under load, on both databases; each test prints its figures.

Needs some minutes. `LOAD_SECONDS=60` loads the system for that long before the backup.
"""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.disks import filled, small_disk
from tests.house import ROOT
from tests.rehearsals.places import Load, Place, carried_on, copied, now, second_database
from tests.servers import embedded_postgres
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(900)

LOAD_SECONDS = float(os.environ.get("LOAD_SECONDS", "12"))
# Projects a second: what the system can do, and more than that, so that work is under way at any moment.
RATE, MUCH = 2.0, 10.0
Say = Callable[[str], None]
# Tables of which every row that was there before the backup has to be there after the restore.
KEPT = ("backlog_project", "clarifications_question", "backlog_deliverable")
EVENTS = "SELECT seq, event_id, digest FROM events_event"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Prints a line, whatever pytest captures."""

    def said(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", flush=True)

    return said


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    """Two places on databases of one kind."""
    with ExitStack() as stack:
        first = second = ""
        if request.param == "postgresql":
            first = stack.enter_context(embedded_postgres())
            second = stack.enter_context(second_database(first))
        yield Place(tmp_path / "first", first), Place(tmp_path / "second", second)


def loaded(place: Place, *, seconds: float = LOAD_SECONDS) -> Load:
    """What was acknowledged while the running system was loaded for so long."""
    load = Load(place, place.key())
    with load.steady(RATE):
        time.sleep(seconds)
    return load


def test_a_backup_under_load_is_a_whole_system_elsewhere(places: tuple[Place, Place], tmp_path: Path, say: Say) -> None:
    here, elsewhere = places
    with here.running():
        load = loaded(here)
        before = {"opened": len(load.opened), "answered": len(load.answered)}
        kept = {table: here.ids(table) for table in KEPT}
        with load.steady(MUCH), load.steady(MUCH):
            time.sleep(1)
            began = now()
            made = here.told("backup", "--to", tmp_path / "one.backup")
            backup_seconds = now() - began
        left = here.statuses()
        began = now()
        elsewhere.told("restore", made["file"])
        restore_seconds = now() - began
        assert load.broken == []
    lost = {table: ids - elsewhere.ids(table) for table, ids in kept.items()}
    events, all_events = set(elsewhere.rows(EVENTS)), set(here.rows(EVENTS))
    running = elsewhere.statuses()
    statuses = carried_on(elsewhere, load)
    say(
        f"backup under load, {made['database']}: {before} before it / {os.path.getsize(made['file']):,} bytes /"
        f" {sum(made['counts'].values()):,} rows / {len(made['parts']) - 2} artifacts / backup {backup_seconds:.1f} s /"
        f" restore {restore_seconds:.1f} s / lost {sum(map(len, lost.values()))} / events that differ"
        f" {len(events - all_events)} of {len(events)} / running at the restore {running}, at the end {statuses}"
        f" (first place then: {left})"
    )
    assert not any(lost.values())
    assert events <= all_events
    assert made["missing_artifacts"] == []
    assert set(statuses) == {"DONE"}
    assert os.stat(made["file"]).st_mode & 0o777 == 0o600


def test_a_database_behind_its_broker_carries_on(places: tuple[Place, Place], tmp_path: Path, say: Say) -> None:
    """The database is restored in its own place, while the broker has what came after the backup."""
    here, _ = places
    with here.running() as process:
        load = loaded(here, seconds=LOAD_SECONDS / 2)
        made = here.told("backup", "--to", tmp_path / "one.backup")
        with load.steady(MUCH), load.steady(MUCH):
            time.sleep(LOAD_SECONDS / 2)
            process.kill()
    refused = here.manage("restore", made["file"])
    assert refused.returncode != 0
    assert "--replace" in refused.stderr
    after = len(here.ids("backlog_project"))
    here.told("restore", made["file"], "--replace")
    restored = len(here.ids("backlog_project"))
    statuses = carried_on(here, load)
    letters = here.rows("SELECT reason, count(*) FROM events_deadletter GROUP BY reason")
    reasons = sorted({" ".join(str(reason).split()[:5]) for reason, _ in letters})
    say(
        f"database behind the broker: {after} projects before, {restored} restored / at the end {statuses} /"
        f" reported {sum(int(n) for _, n in letters)} dead letters: {reasons}"
    )
    # Requests that the broker held unread are taken; nothing else of what came after the backup takes effect.
    assert restored <= sum(statuses.values()) <= after
    assert restored < after
    assert set(statuses) == {"DONE"}


def test_a_broker_behind_its_database_carries_on(places: tuple[Place, Place], say: Say) -> None:
    """The broker has an older copy of its file, while the database has what came after it."""
    here, _ = places
    broker = here.folder / "valkey"
    with here.running():
        load = loaded(here, seconds=LOAD_SECONDS / 2)
    copied(broker, here.folder / "older")
    with here.running(), load.steady(RATE):
        time.sleep(LOAD_SECONDS / 2)
    copied(here.folder / "older", broker)
    begun = end_the_time_of_begun_work(here)
    statuses = carried_on(here, load)
    [(letters,)] = here.rows("SELECT count(*) FROM events_deadletter")
    say(
        f"broker behind the database: {len(load.opened)} projects, {begun} items begun / at the end {statuses} /"
        f" dead letters {letters}"
    )
    assert sum(statuses.values()) == len(load.opened)
    assert set(statuses) == {"DONE"}
    assert letters == 0


def end_the_time_of_begun_work(place: Place) -> int:
    """End the time of items that had begun, which are tried again only then (docs/backup.md); return how many."""
    begun = "UPDATE backlog_item SET deadline_at = started_at WHERE state = 'IN_PROGRESS' AND started_at IS NOT NULL"
    connection: Any = place.database.connect()
    with closing(connection):
        number = int(connection.execute(begun).rowcount)
        connection.commit()
    return number


def test_a_backup_that_is_killed_leaves_no_file_and_the_next_one_clears_up(
    places: tuple[Place, Place], tmp_path: Path, say: Say
) -> None:
    here, _ = places
    assert here.manage("migrate", "--verbosity", "0").returncode == 0
    folder, kills, stages = tmp_path / "backups", 0, set()
    folder.mkdir()
    ballast = here.folder / "artifacts"
    ballast.mkdir(exist_ok=True)
    for number in range(40):
        (ballast / f"{number:064x}").write_bytes(os.urandom(1 << 20))
    for name, wait in itertools.product(("dump", "backup"), (0.0, 0.02, 0.05)):
        argv = [sys.executable, str(ROOT / "manage.py"), "backup", "--to", str(folder)]
        process = subprocess.Popen(argv, env=here.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda p=process, n=name: p.poll() is not None or any(folder.glob(f".*/{n}")), 30)
        time.sleep(wait)
        stages |= {path.name for path in folder.glob(".*/*")}
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        complete = list(folder.glob("*.backup"))
        assert all(here.manage("backup", "--verify", path).returncode == 0 for path in complete)
    assert here.manage("backup", "--to", folder / "last.backup").returncode == 0
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    say(f"backup killed {kills} times, in the middle of {sorted(stages)} / half files under the final name 0")
    assert kills > 0


def test_a_full_disk_ends_a_backup_with_a_sentence_and_leaves_nothing(tmp_path: Path, say: Say) -> None:
    here = Place(tmp_path / "first")
    assert here.manage("migrate", "--verbosity", "0").returncode == 0
    with small_disk(8) as disk:
        if disk is None:
            pytest.skip("only root can mount a disk that can be filled up")
        for room in (0, 300_000):
            with filled(disk):
                if room:
                    os.truncate(disk / "ballast", (disk / "ballast").stat().st_size - room)
                done = here.manage("backup", "--to", disk / "one.backup")
            say(f"full disk, {room:,} bytes free: {done.stderr.strip()}")
            assert done.returncode == 1
            assert "Make room there" in done.stderr
            assert list(disk.iterdir()) == []
        here.told("backup", "--to", disk / "one.backup")


def test_a_full_disk_ends_a_restore_with_a_sentence_and_changes_nothing(tmp_path: Path, say: Say) -> None:
    here = Place(tmp_path / "first")
    assert here.manage("migrate", "--verbosity", "0").returncode == 0
    made = here.told("backup", "--to", tmp_path / "one.backup")
    with small_disk(2) as disk:
        if disk is None:
            pytest.skip("only root can mount a disk that can be filled up")
        other = Place(disk / "place")
        (other.folder / "secret_key").write_text("a key that is there already")
        for room in (0, 300_000):
            with filled(disk):
                os.truncate(disk / "ballast", (disk / "ballast").stat().st_size - room)
                done = other.manage("restore", made["file"])
            say(f"restore to a full disk, {room:,} bytes free: {done.stderr.strip()}")
            assert done.returncode == 1
            assert "No space left" in done.stderr
            assert "Traceback" not in done.stderr
            assert not (other.folder / "interlock.sqlite3").exists()
        other.told("restore", made["file"])


def test_nothing_is_restored_while_the_system_runs(places: tuple[Place, Place], tmp_path: Path, say: Say) -> None:
    here, _ = places
    with here.running():
        made = here.told("backup", "--to", tmp_path / "one.backup")
        done = here.manage("restore", made["file"], "--replace")
    say(f"restore while `up` runs: {done.stderr.strip()}")
    assert done.returncode == 1
    assert "Stop it first" in done.stderr
    other: Any = here.database.connect()
    with closing(other):
        other.execute("SELECT count(*) FROM backlog_project").fetchone()
        done = here.manage("restore", made["file"], "--replace")
    say(f"restore while a process uses the database: {done.stderr.strip()}")
    assert done.returncode == 1
    assert "End every process of the system first" in done.stderr
