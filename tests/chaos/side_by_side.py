"""Runs the release before and this one side by side: `python -m tests.chaos.side_by_side --seconds 60 --from COMMIT`.

The older release creates the database and begins its work. This one migrates it while the older one runs, starts beside
it, shares the groups with it, and goes on alone when the older one has been ended. Nothing may be lost or done twice.
With `--rest RATE` each also runs a web process, and so many requests a second go to both: none may be answered with a
status of 500 or above, or not at all. As with a proxy, the older web gets no more requests before it is ended.

The older release is the newest tag `v…`; before there is one, the commit before the newest migration of the tables that
every process writes. A copy without history (a source archive, a shallow clone) ends with LEFT_OUT, and says why.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

import psycopg

from runtime.addresses import is_served
from runtime.embedded import EmbeddedValkey
from runtime.processes import tied_to_parent, wait_or_kill
from tests import round_robin
from tests.round_robin import Figures, free_address
from tests.servers import embedded_postgres
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = 77
HOT_TABLES = ("events/migrations", "backlog/migrations", "clarifications/migrations")
AGENT, GROUPS = "generic_worker", ("orchestrator", "clarifications", "validators")
DONE = "SELECT count(*) FROM backlog_project WHERE status = 'DONE'"
# Longest time until another project is done (a start included), and for coming to rest; a busy machine gets more.
STILL_SECONDS, REST_SECONDS = 10.0, 15.0
# For the answers of a web process that gets no more requests.
LAST_REQUESTS_SECONDS = 2.0


class NoHistory(Exception):
    """The older release cannot be taken from this copy."""


def git(*words: str) -> str:
    """Return what git says. Raises NoHistory."""
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    except OSError as error:
        raise NoHistory(f"git cannot be run: {error}") from error
    if done.returncode:
        raise NoHistory(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def older_release() -> str:
    """Return the commit of the release before this one. Raises NoHistory."""
    if tags := git("tag", "--list", "v*", "--sort=-version:refname", "--no-contains", "HEAD"):
        return git("rev-parse", f"{tags.splitlines()[0]}^{{commit}}")
    # Along the main line alone: in the middle of a branch two migrations may follow the same one. A file that is only
    # written otherwise migrates nothing.
    newest = git("log", "-1", "--first-parent", "-m", "--diff-filter=A", "--format=%H", "--", *HOT_TABLES)
    return git("rev-parse", "--verify", f"{newest}^")


def unpack(commit: str, folder: Path) -> None:
    """Put the files of the commit into the folder. Raises NoHistory."""
    archive = folder.with_suffix(".tar")
    git("archive", "--output", str(archive), commit)
    folder.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)


class Release:
    """One release: where its files are, what its processes are called, and those that run."""

    def __init__(self, name: str, root: Path, slot: int, environment: dict[str, str], log: Path) -> None:
        self.name, self.root, self.slot, self.log = name, root, slot, log
        self.web = free_address()
        # Compiled files are kept: otherwise each process would compile the release anew.
        own = {"SERVICE_INSTANCE": name, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}
        self.environment = environment | own
        self.processes: list[subprocess.Popen[bytes]] = []

    def command(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of this release; it does not outlive the run."""
        argv = tied_to_parent([sys.executable, str(self.root / "manage.py"), *words])
        with self.log.open("ab") as log:
            return subprocess.Popen(argv, cwd=self.root, env=self.environment, stdout=log, stderr=log)

    def said_by(self, *words: str) -> str:
        """What a command of this release prints."""
        argv = [sys.executable, str(self.root / "manage.py"), *words]
        return subprocess.run(argv, cwd=self.root, env=self.environment, text=True, check=True, stdout=PIPE).stdout

    def make_key(self) -> str:
        """The key of a machine that may open projects."""
        self.said_by("person", "beside", "--service", "--role", "operator")
        return self.said_by(
            "apikey", "make", "beside", "--name", "load", *("--scope", "read", "--scope", "projects")
        ).strip()

    def migrate(self) -> None:
        """Bring the database to this release's schema."""
        assert self.command("migrate", "--verbosity", "0").wait() == 0, self.last_words()

    def start(self, *, with_web: bool) -> None:
        """Start the processes, at a slot of their own; return when the web answers, if there is one."""
        has_core = any(self.root.glob("*/management/commands/core.py"))
        slotted = [("core",)] if has_core else [("consume", *GROUPS)]
        self.processes = [self.command(*words, "--slot", str(self.slot)) for words in [*slotted, ("work", AGENT)]]
        self.processes += [] if has_core else [self.command("relay")]
        if with_web:
            self.processes += [self.command("web", "--at", self.web)]
            wait_until(lambda: is_served(self.web, host_name="localhost"), 30)

    def end(self) -> list[str]:
        """End the processes with SIGTERM; return those that did not end well, in words."""
        for process in self.processes:
            process.terminate()
        codes = [wait_or_kill(process, seconds=30) for process in self.processes]
        self.processes = []
        return [f"a process of {self.name} ended with {code}: {self.last_words()}" for code in codes if code]

    def complaints(self) -> list[str]:
        """Return the lines of the log that tell of an error."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [f"{self.name}: {line[:200]}" for line in lines if "Traceback" in line or "failed" in line]

    def last_words(self) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


# -- the run ---------------------------------------------------------------------------------------
def run(older: Release, newer: Release, database: str, options: argparse.Namespace) -> list[str]:
    """Run both over one database; return what is wrong, in words."""
    older.migrate()
    key = older.make_key() if options.rest else ""
    older.start(with_web=bool(key))
    prepare_django(newer)
    wrong: list[str] = []
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(database, autocommit=True))
        asked = stack.enter_context(asked_steadily(options.rate))
        webs = [older.web]
        answered = stack.enter_context(asked_over_rest(webs, key, options.rest)) if key else None
        wrong += unless_done(connection, "the older release does nothing")
        newer.migrate()
        wrong += unless_done(connection, "the older release does nothing on the newer schema")
        newer.start(with_web=bool(key))
        webs.append(newer.web)
        wait_until(lambda: has_worked(connection, newer), 30)
        time.sleep(options.seconds)
        webs.remove(older.web)
        time.sleep(LAST_REQUESTS_SECONDS)
        wrong += older.end()
        wrong += unless_done(connection, "the newer release does nothing alone")
    return wrong + judged(asked, answered, [older, newer])


def asked_over_rest(webs: list[str], key: str, rate: float) -> AbstractContextManager[Figures]:
    """Open projects and list them at this rate, at all webs in turn, while the block runs."""
    number = itertools.count()

    def ask() -> tuple[str, str, Any]:
        if next(number) % 4:
            return "GET", "/api/v1/projects?limit=20", None
        return "POST", "/api/v1/projects", {"request_text": "Find out where our time goes.", "template": "minimal"}

    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Host": "localhost"}
    return round_robin.asked_steadily(webs, headers, ask, rate=rate)


def unless_done(connection: psycopg.Connection[Any], words: str) -> list[str]:
    """Return the words unless another project comes to its end soon."""

    def done() -> int:
        [count] = connection.execute(DONE).fetchone() or [0]
        return int(count)

    before = done()
    try:
        wait_until(lambda: done() > before, STILL_SECONDS)
    except AssertionError:
        return [words]
    return []


def prepare_django(newer: Release) -> None:
    """Let this process, which asks and judges, find the database and the broker."""
    os.environ |= newer.environment | {"LOG_LEVEL": "ERROR", "SERVICE_INSTANCE": "judge"}
    import django

    django.setup()


@contextmanager
def asked_steadily(rate: float) -> Iterator[list[dict[str, Any]]]:
    """Put requests on the log at this rate while the block runs; yield those that were put."""
    from tests.flows import put, request

    asked: list[dict[str, Any]] = []
    stopping = threading.Event()

    def ask() -> None:
        while not stopping.wait(1 / rate):
            put(event := request())
            asked.append(event)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        stopping.set()
        thread.join()


def has_worked(connection: psycopg.Connection[Any], release: Release) -> bool:
    """Return True if both an orchestrator and a worker of the release have said something."""
    words = "SELECT count(DISTINCT service) FROM events_event WHERE instance = %s"
    [services] = connection.execute(words, [release.name]).fetchone() or [0]
    return int(services) >= 2


def judged(asked: list[dict[str, Any]], answered: Figures | None, releases: list[Release]) -> list[str]:
    """Wait for rest; return what is lost, done twice or broken; print the figures."""
    from backlog.models import Project
    from tests.chaos.verdict import effects_twice
    from tests.invariants import violations

    ids = {event["payload"]["project_id"] for event in asked}
    if answered:
        print(answered.line())
        ids |= {project["id"] for project in answered.answers}
    try:
        wait_until(lambda: Project.objects.filter(pk__in=ids, status="DONE").count() == len(ids), REST_SECONDS)
        wait_until(lambda: not violations(), REST_SECONDS)
    except AssertionError:
        pass
    finished = {str(pk) for pk in Project.objects.filter(status="DONE").values_list("pk", flat=True)}
    lost, twice, broken = ids - finished, effects_twice(), violations()
    print(f"attempted {len(ids)} / lost {len(lost)} / twice {len(twice)} / invariants broken {len(broken)}")
    complaints = [line for release in releases for line in release.complaints()]
    bad = answered.bad if answered else []
    return [*(f"lost: {pk}" for pk in lost), *twice, *broken, *complaints, *bad]


def main() -> int:
    """Run as the command line says; the exit code is 1 if anything is wrong, LEFT_OUT if nothing could be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.side_by_side", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long both run side by side (default: 60)")
    parser.add_argument("--rate", type=float, default=3.0, help="projects a second (default: 3)")
    parser.add_argument("--rest", type=float, default=0.0, help="REST requests a second (default: 0, without web)")
    parser.add_argument("--from", dest="commit", default="", help="the older release (default: see above)")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interlock-beside-", dir="/tmp")))
        try:
            commit = options.commit or older_release()
            unpack(commit, folder / "older")
        except NoHistory as reason:
            print(f"left out: {reason}")
            return LEFT_OUT
        print(f"older release: {git('log', '-1', '--format=%h %s', commit)}", flush=True)
        older, newer, database = releases(stack, folder)
        stack.callback(lambda: [*older.end(), *newer.end()])
        wrong = run(older, newer, database, options)
        wrong += newer.end()
    print("\n".join(wrong))
    return 1 if wrong else 0


def releases(stack: ExitStack, folder: Path) -> tuple[Release, Release, str]:
    """Start database and broker; return both releases and the database's URL."""
    database = stack.enter_context(embedded_postgres())
    broker = stack.enter_context(EmbeddedValkey(folder / "valkey")).url
    (folder / "data").mkdir()
    found = {"DATABASE_URL": database, "REDIS_URL": broker, "DATA_DIR": str(folder / "data"), "LOG_LEVEL": "WARNING"}
    environment = os.environ | found | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    older = Release("older", folder / "older", 1, environment, folder / "older.log")
    return older, Release("newer", ROOT, 2, environment, folder / "newer.log"), database


if __name__ == "__main__":
    sys.exit(main())
