"""PostgreSQL is brought back to a moment between two backups by the commands of docs/backup.md. Prints figures."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.house import ROOT
from tests.rehearsals.places import Load, Place, carried_on, copied
from tests.servers import Account, create_cluster, running_server, usable_programs
from tests.waiting import wait_until

RATE = 3.0
EVENTS = "SELECT seq, event_id, digest FROM events_event"
MISTAKE = "UPDATE backlog_project SET title = 'a mistake'"


def shown_blocks() -> list[str]:
    """The blocks of code in the page's section about a point in time: settings, copy, settings of the way back."""
    section = (ROOT / "docs" / "backup.md").read_text().partition("## To any point in time")[2]
    return [str(block) for block in re.findall(r"```\n(.*?)```", section, re.DOTALL)]


@dataclass
class Server:
    """A PostgreSQL whose write-ahead log is archived, in a folder that its account may enter."""

    home: Path
    account: Account
    programs: Path

    @classmethod
    def made(cls, home: Path) -> "Server":
        """A new cluster with the settings of the page."""
        account = Account.suitable()
        for folder in (home, home / "wal", home / "base"):
            account.own(folder)
        server = cls(home, account, usable_programs(account, home))
        create_cluster(account, server.programs, server.data, home / "log")
        server.configure(server.data, shown_blocks()[0])
        return server

    @property
    def data(self) -> Path:
        """The folder of the first cluster."""
        return self.home / "data"

    def configure(self, data: Path, settings: str) -> None:
        """Add the settings of the page, with our folders, to those of the cluster."""
        with (data / "postgresql.conf").open("a") as file:
            file.write("\n" + self.here(settings))

    def here(self, text: str) -> str:
        """The text of the page with our folders."""
        return text.replace("/srv", str(self.home))

    @contextmanager
    def running(self, data: Path) -> Iterator[str]:
        """The URL of the server while the block runs; all that it says is committed is on the disk."""
        with running_server(self.account, self.programs, data, self.home, durable=True) as url:
            yield url

    def shell(self, command: str) -> None:
        """Run the command under the server's account, with PostgreSQL's programs on the search path."""
        env = {"PATH": f"{self.programs}:{os.environ['PATH']}", "PGHOST": str(self.home), "PGUSER": "postgres"}
        groups: list[int] | None = None if self.account.user is None else []
        done = subprocess.run(
            ["sh", "-ec", command],
            cwd=self.home,
            env=env,
            capture_output=True,
            text=True,
            user=self.account.user,
            group=self.account.group,
            extra_groups=groups,
        )
        assert done.returncode == 0, done.stderr

    def copy(self) -> None:
        """Copy the running server as the page says."""
        self.shell(self.here(shown_blocks()[1].splitlines()[0]))

    def unpacked(self, name: str, moment: str) -> Path:
        """A folder with the copy, set to come back up to the moment."""
        data = self.home / name
        self.account.own(data)
        self.shell(f"tar -xzf {self.home}/base/*/base.tar.gz -C {data}")
        back = re.sub(r"(?<=recovery_target_time = ').*(?=')", moment, shown_blocks()[2])
        assert moment in back
        self.configure(data, back)
        self.shell(f"touch {data}/recovery.signal")
        return data


def is_promoted(url: str) -> bool:
    """Whether the server has come back up to its moment, and takes writes."""
    with psycopg.connect(url) as connection:
        [in_recovery] = connection.execute("SELECT pg_is_in_recovery()").fetchone() or [True]
    return not in_recovery


def archived_all(url: str) -> None:
    """The log written so far is in the archive."""
    with psycopg.connect(url, autocommit=True) as connection:
        [last] = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone() or [""]
        query = "SELECT last_archived_wal >= %s FROM pg_stat_archiver"
        wait_until(lambda: bool((connection.execute(query, [last]).fetchone() or [False])[0]), 30)


@dataclass
class Past:
    """What was known about a moment: the ledger just before it and just after it, and the moment by the server."""

    before: set[tuple[object, ...]]
    moment: str
    after: set[tuple[object, ...]]

    @classmethod
    def now(cls, place: Place) -> "Past":
        """Look now."""
        before = set(place.rows(EVENTS))
        [(moment,)] = place.rows("SELECT clock_timestamp()::text")
        return cls(before, str(moment), set(place.rows(EVENTS)))


def lived(place: Place, server: Server) -> tuple[Load, Past, int]:
    """What was done before and after the copy, the moment to come back to, and how many projects there were at last."""
    with place.running():
        load = Load(place, place.key())
        with load.steady(RATE):
            time.sleep(3)
            server.copy()
            time.sleep(5)
            past = Past.now(place)
            time.sleep(4)
        with psycopg.connect(place.url) as connection:
            connection.execute(MISTAKE)
        archived_all(place.url)
    return load, past, len(place.ids("backlog_project"))


def brokers_beside(place: Place, folder: Path) -> dict[str, Path]:
    """The files of the broker as it is, which is newer than the moment, and those of one that has lost everything."""
    brokers = {"newer": folder / "newer", "empty": folder / "empty"}
    copied(place.folder / "valkey", brokers["newer"])
    brokers["empty"].mkdir()
    return brokers


@pytest.mark.timeout(900)
def test_the_ledger_is_whole_up_to_the_moment_and_the_system_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as name:
        server = Server.made(Path(name))
        with server.running(server.data) as url:
            place = Place(tmp_path / "place", url)
            load, past, projects = lived(place, server)
            everything = set(place.rows(EVENTS))
        for broker, files in brokers_beside(place, tmp_path).items():
            copied(files, place.folder / "valkey")
            began = time.monotonic()
            with server.running(server.unpacked(broker, past.moment)) as again:
                wait_until(partial(is_promoted, again), 60)
                seconds = time.monotonic() - began
                ledger, restored = set(place.rows(EVENTS)), len(place.ids("backlog_project"))
                mistakes = place.rows("SELECT id FROM backlog_project WHERE title = 'a mistake'")
                statuses = carried_on(place, load)
                [(letters,)] = place.rows("SELECT count(*) FROM events_deadletter")
                verified = place.manage("audit", "verify")
            with capsys.disabled():
                print(
                    f"\nback to a moment, broker {broker}: {seconds:.1f} s / events {len(ledger)} (before it"
                    f" {len(past.before)}, after it {len(past.after)}, at last {len(everything)}) / projects"
                    f" {projects}, restored {restored}, at the end {statuses} / dead letters {letters}"
                )
            assert past.before <= ledger <= past.after < everything
            assert mistakes == []
            assert set(statuses) == {"DONE"}
            assert restored <= sum(statuses.values()) <= projects
            assert verified.returncode == 0, verified.stderr
