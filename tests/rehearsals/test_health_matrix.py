"""Each thing that Interlock needs is broken in turn, of real processes: which probe says what. Prints the table.

Takes about four minutes and one of CPU: processes start, and others have to be silent long enough to be called frozen.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from health import life
from health.watch import FRESH_SECONDS
from runtime.processes import tied_to_parent, wait_or_kill
from tests.chaos.database import Database
from tests.chaos.disks import filled, small_disk
from tests.flows import request
from tests.house import ROOT
from tests.valkeys import Server, free_ports
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(900)

KINDS = ("web", "orchestrator", "validators", "relay")
COMMANDS = {
    "web": ["web"],
    "orchestrator": ["consume", "orchestrator"],
    "validators": ["consume", "validators"],
    "clarifications": ["consume", "clarifications"],
    "relay": ["relay"],
}
OF_THE_DATABASE = {"database", "migrations", "connections", "outbox", "dead-letters"}
LOG = "audit:events"
OLD_ROW = "INSERT INTO events_outbox (owner, events, written_at) VALUES ('', '', now() - interval '1 hour')"
A_LETTER = """
    INSERT INTO events_deadletter (stream, entry_id, "group", state, event_type, reason, schema_id, error_class, trace,
        attempts, first_seen, last_seen, raw, settled_by, note, published_at)
    VALUES ('s', '1-1', 'g', 'open', '', 'no JSON', '', 'InvalidEvent', '', 1, now(), now(), '[]', '', '', now())
"""


# After this time a process that only waited for something would be called frozen, if it were.
LONGER_THAN_FROZEN = life.FROZEN_SECONDS + 2


@dataclass
class Scene:
    """The processes, what they need, and where they are asked."""

    database: Database
    broker: Server
    folder: Path
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What every process gets."""
        own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        limits = {"HEALTH_FREE_MB": "16", "HEALTH_LAG_SECONDS": "3", "HEALTH_OUTBOX_SECONDS": "60"}
        places = {"DATABASE_URL": self.database.url, "REDIS_URL": f"redis://127.0.0.1:{self.broker.port}"}
        return own | places | limits | {"DATA_DIR": str(self.folder), "LOG_LEVEL": "ERROR"}

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        argv = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(argv, env=self.environment(), capture_output=True, text=True, timeout=60)

    def start(self, name: str) -> None:
        """Start a process."""
        more = ["--at", f"127.0.0.1:{self.port}"] if name == "web" else []
        argv = tied_to_parent([sys.executable, str(ROOT / "manage.py"), *COMMANDS[name], *more])
        self.processes[name] = subprocess.Popen(argv, env=self.environment(), stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            wait_or_kill(process, seconds=10)

    def get(self, path: str, **headers: str) -> httpx.Response | None:
        """What the web answers; None where it does not within five seconds."""
        with suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=5, headers=headers)
        return None

    def is_well(self) -> bool:
        """Whether everything is well."""
        answer = self.get("/readyz")
        return answer is not None and answer.json()["status"] == "ok" and not self.ill_kinds()

    def ill_kinds(self) -> set[str]:
        """The kinds of processes that `health --kind` calls ill."""
        return {kind for kind in KINDS if self.manage("health", "--kind", kind).returncode}


@dataclass(frozen=True)
class Fault:
    """What is broken, and what the probes have to say of it; `unknown` are checks that cannot be made meanwhile."""

    name: str
    broken: Callable[[Scene], Any]
    bad: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    is_ready: bool = True
    ill: set[str] = field(default_factory=set)


@contextmanager
def nothing(_scene: Scene) -> Iterator[None]:
    yield


@contextmanager
def database_away(scene: Scene) -> Iterator[None]:
    scene.database.stop()
    yield
    scene.database.start()


@contextmanager
def frozen_database(scene: Scene) -> Iterator[None]:
    main = scene.database.pid()
    assert main is not None
    pids = [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]
    with frozen(*pids):
        time.sleep(LONGER_THAN_FROZEN)
        yield


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def migration_missing(scene: Scene) -> Iterator[None]:
    row = "('events', '0001_initial', now())"
    scene.database.execute("DELETE FROM django_migrations WHERE app = 'events' AND name = '0001_initial'")
    yield
    scene.database.execute(f"INSERT INTO django_migrations (app, name, applied) VALUES {row}")


@contextmanager
def old_row(scene: Scene) -> Iterator[None]:
    with frozen(scene.processes["relay"].pid):
        scene.database.execute(OLD_ROW)
        yield
        scene.database.execute("DELETE FROM events_outbox")


@contextmanager
def dead_letter(scene: Scene) -> Iterator[None]:
    scene.database.execute(A_LETTER)
    yield
    scene.database.execute("UPDATE events_deadletter SET state = 'discarded' WHERE state = 'open'")


@contextmanager
def broker_away(scene: Scene) -> Iterator[None]:
    scene.broker.kill()
    yield
    scene.broker.start()


@contextmanager
def frozen_broker(scene: Scene) -> Iterator[None]:
    assert scene.broker.pid is not None
    with frozen(scene.broker.pid):
        time.sleep(LONGER_THAN_FROZEN)
        yield


@contextmanager
def full_broker(scene: Scene) -> Iterator[None]:
    scene.broker.client().config_set("maxmemory", "1mb")
    yield
    scene.broker.client().config_set("maxmemory", "0")


@contextmanager
def no_reader(scene: Scene) -> Iterator[None]:
    scene.processes["validators"].terminate()
    scene.processes["validators"].wait(30)
    scene.broker.client().xgroup_delconsumer(LOG, "validators", "validators-1")
    yield
    scene.start("validators")


@contextmanager
def lagging(scene: Scene) -> Iterator[None]:
    with frozen(scene.processes["orchestrator"].pid):
        time.sleep(1.5)  # its read ends, so that no entry is given to it
        scene.broker.client().xadd(LOG, {"event": orjson.dumps(request())})
        time.sleep(3.5)
        yield


@contextmanager
def full_disk(scene: Scene) -> Iterator[None]:
    with filled(scene.folder):
        time.sleep(LONGER_THAN_FROZEN)
        yield


@contextmanager
def frozen_relay(scene: Scene) -> Iterator[None]:
    with frozen(scene.processes["relay"].pid):
        wait_until(lambda: scene.manage("health", "--kind", "relay").returncode == 1, 20)
        yield


@contextmanager
def frozen_web(scene: Scene) -> Iterator[None]:
    with frozen(scene.processes["web"].pid):
        wait_until(lambda: scene.manage("health", "--kind", "web").returncode == 1, 20)
        yield


FAULTS = [
    Fault("nothing", nothing),
    Fault("database away", database_away, {"database"}, OF_THE_DATABASE - {"database"}, is_ready=False),
    Fault("database frozen", frozen_database, {"database"}, OF_THE_DATABASE - {"database"}, is_ready=False),
    Fault("migration missing", migration_missing, {"migrations"}, is_ready=False),
    Fault("outbox old", old_row, {"outbox"}),
    Fault("dead letter", dead_letter, {"dead-letters"}),
    Fault("broker away", broker_away, {"broker"}, {"readers", "lag"}),
    Fault("broker frozen", frozen_broker, {"broker"}, {"readers", "lag"}),
    Fault("broker full", full_broker, {"broker"}),
    Fault("no reader", no_reader, {"readers"}, ill={"validators"}),
    Fault("lag", lagging, {"lag"}),
    Fault("disk full", full_disk, {"disk"}),
    Fault("relay frozen", frozen_relay, ill={"relay"}),
    Fault("web frozen", frozen_web, ill={"web"}),
]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """All that runs; the data folder is on a disk of its own, where one can be mounted."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interlock-health-", dir="/tmp")))
        home.chmod(0o755)
        disk = stack.enter_context(small_disk(64))
        database = Database(home / "pg", home / "pg" / "data")
        stack.callback(database.stop)
        broker_port, web_port = free_ports(2)
        broker = Server(home / "valkey", broker_port)
        stack.callback(broker.stop)
        database.start()
        broker.start()
        made = Scene(database, broker, disk or home / "data", web_port)
        assert made.manage("migrate").returncode == 0
        stack.callback(made.stop)
        for name in COMMANDS:
            made.start(name)
        wait_until(made.is_well, 60)
        yield made


def test_each_broken_thing_is_told_by_the_probes_it_concerns_and_by_no_other(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, wrong = [("broken", "healthz", "readyz", "s", "not well", "health", "--kind says ill")], []
    for fault in FAULTS:
        if fault.broken is full_disk and not scene.folder.is_mount():
            rows.append((fault.name, "left out: no disk can be mounted here", "", "", "", "", ""))
            continue
        with fault.broken(scene):
            row, faults = looked_at(scene, fault)
        rows.append(row)
        wrong += [f"{fault.name}: {one}" for one in faults]
        wait_until(scene.is_well, 60)
    with capsys.disabled():
        print("\n" + table(rows))
    assert not wrong


def looked_at(scene: Scene, fault: Fault) -> tuple[tuple[str, ...], list[str]]:
    """The row of the table, and what is not as the fault says."""
    time.sleep(FRESH_SECONDS)  # a report from before the fault is not shown any more
    ill = scene.ill_kinds()
    lives = scene.get("/healthz")
    begun = time.monotonic()
    ready = scene.get("/readyz", **{"X-Forwarded-For": "10.0.0.1"})
    seconds = time.monotonic() - begun
    checks = {name: one["ok"] for name, one in ready.json()["checks"].items()} if ready else {}
    bad, unknown = ({name for name, ok in checks.items() if ok is kind} for kind in (False, None))
    code = scene.manage("health").returncode
    found = (bad, unknown, ready.status_code if ready else None, code, ill, lives.status_code if lives else None)
    answers = "web" not in fault.ill
    status = (200 if fault.is_ready else 503) if answers else None
    expected = (fault.bad, fault.unknown, status, 0 if fault.is_ready else 1, fault.ill, 200 if answers else None)
    words = ("not well", "not known", "readyz", "health", "--kind", "healthz")
    faults = [f"{w} is {f}, not {e}" for w, f, e in zip(words, found, expected, strict=True) if f != e]
    said = [str(found[5] or "–"), str(found[2] or "–"), f"{seconds:.1f}", " ".join(sorted(bad)) or "–", str(code)]
    return (fault.name, *said, " ".join(sorted(ill)) or "–"), faults


def table(rows: list[tuple[str, ...]]) -> str:
    """The rows with columns of their own widths."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
