"""A whole system in a place of its own: a data folder, a database, and everything that `manage.py up` starts."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict

from backups.postgres import PostgresDatabase
from backups.sqlite import SqliteDatabase
from runtime.addresses import is_served
from runtime.processes import tied_to_parent, wait_or_kill
from tests.house import ROOT
from tests.round_robin import free_address
from tests.waiting import wait_until

HERE = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
ANSWERS = {"hourly_rate": 45, "currency": "EUR", "period": {"type": "month"}}
AUDIT = {"request_text": "Where does our time go?", "work_context": {"currency": "EUR", "period": {"type": "month"}}}


class Place:
    """Where a system is: its folder, and its database, which is SQLite in that folder unless it has a URL."""

    def __init__(self, folder: Path, url: str = "") -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self.url, self.web = folder, url, free_address()
        own = {name: value for name, value in os.environ.items() if name not in HERE}
        self.environment = own | {"DATA_DIR": str(folder), "DATABASE_URL": url, "LOG_LEVEL": "WARNING"}
        self.database = PostgresDatabase(conninfo_to_dict(url)) if url else SqliteDatabase(folder / "interlock.sqlite3")

    def manage(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in this place."""
        argv = [sys.executable, str(ROOT / "manage.py"), *map(str, words)]
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, timeout=300)

    def told(self, *words: str | Path) -> Any:
        """What a command with --json prints; it has to succeed."""
        done = self.manage(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def key(self) -> str:
        """The key of a new machine that may open projects and answer."""
        assert self.manage("person", "bot", "--service", "--role", "operator").returncode == 0
        scopes = [word for scope in ("read", "projects", "questions") for word in ("--scope", scope)]
        made = self.manage("apikey", "make", "bot", "--name", "load", *scopes)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The system, from the first page that it serves; ended in good order."""
        argv = tied_to_parent([sys.executable, str(ROOT / "manage.py"), "up", "--web", self.web])
        with (self.folder / "up.log").open("ab") as log:
            process = subprocess.Popen(argv, env=self.environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: process.poll() is not None or is_served(self.web, host_name="localhost"), 40)
            assert process.poll() is None, (self.folder / "up.log").read_text()[-3000:]
            yield process
        finally:
            process.terminate()
            wait_or_kill(process, seconds=30)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the query finds in the database now."""
        connection: Any = self.database.connect()
        with closing(connection):
            return list(connection.execute(query).fetchall())

    def ids(self, table: str) -> set[str]:
        """The ids of the table's rows."""
        return {str(pk).replace("-", "") for (pk,) in self.rows(f"SELECT id FROM {table}")}

    def statuses(self) -> dict[str, int]:
        """{status: number of projects}."""
        return dict(self.rows("SELECT status, count(*) FROM backlog_project GROUP BY status"))  # type: ignore[arg-type]

    def is_at_rest(self) -> bool:
        """Whether every project has ended."""
        return not {"OPEN", "WAITING"} & self.statuses().keys()


@dataclass
class Load:
    """A client of the place's REST interface, which opens projects and answers what is asked; what was acknowledged."""

    place: Place
    key: str
    opened: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    answers_all: bool = False

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's body; None if there was none in good order, which is kept unless the system is down."""
        url, headers = f"http://{self.place.web}/api/v1/{path}", {"Authorization": f"Bearer {self.key}"}
        try:
            answer = httpx.request(method, url, json=body, headers=headers, timeout=60)
        except httpx.TransportError as error:
            self.broken.append(repr(error))
            return None
        if answer.status_code >= 500:
            self.broken.append(f"{answer.status_code} {path}: {answer.text[:200]}")
        return answer.json() if answer.status_code < 300 else None

    def open_project(self, number: int) -> None:
        """Open the next project: most are short, some ask for the rate, some have rows that are stored."""
        body: Any = {"request_text": "Find out where our time goes.", "template": "minimal"}
        if number % 4 == 0:
            rows = 3000 if number % 8 == 0 else 30
            found = [{"text": f"Task {number} {row}: match the payments of the day with the bank's list of the day",
                      "category": "Receivable", "estimated_minutes": 15 + row % 60} for row in range(rows)]  # fmt: skip
            body = {**AUDIT, "work_context": {**AUDIT["work_context"], "rows": found}}  # type: ignore[dict-item]
        if made := self.call("POST", "projects", body):
            self.opened.append(made["id"])

    def answer_open(self) -> None:
        """Answer every open question, but each fifth, which stays open."""
        for question in (self.call("GET", "questions?status=OPEN&limit=100") or {}).get("results", []):
            is_meant = self.answers_all or int(question["id"][-1], 16) % 5
            path, answer = f"questions/{question['id']}/answer", {"answer": ANSWERS[question["field"]]}
            if is_meant and self.call("POST", path, answer):
                self.answered.append(question["id"])

    @contextmanager
    def steady(self, rate: float, *, opens: bool = True) -> Iterator[None]:
        """Open projects at this rate and answer, while the block runs."""
        stopping = threading.Event()

        def run() -> None:
            number = 0
            while not stopping.wait(1 / rate):
                if opens:
                    self.open_project(number)
                if number % 4 == 3:
                    self.answer_open()
                number += 1

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


def carried_on(place: Place, load: Load) -> dict[str, int]:
    """{status: projects} once every project of the restored place has ended; every question is answered there."""
    other = Load(place, load.key, answers_all=True)
    with place.running(), other.steady(8, opens=False):
        wait_until(place.is_at_rest, 60)
    assert other.broken == []
    return place.statuses()


@contextmanager
def second_database(url: str) -> Iterator[str]:
    """The URL of an empty database beside the first, on the same server."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    yield url.replace("/postgres?", "/elsewhere?")


def copied(folder: Path, target: Path) -> None:
    """A copy of a folder that nobody writes to."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)


def now() -> float:
    """The seconds of a clock that only goes on."""
    return time.monotonic()
