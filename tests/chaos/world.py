"""The world of one run: a database, a broker, and the processes of the system, which `manage.py up` keeps running."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from runtime.embedded import EmbeddedValkey
from runtime.processes import tied_to_parent, wait_or_kill
from tests.chaos.database import Database
from tests.chaos.disks import small_disk
from tests.chaos.points import ArmedPoints
from tests.valkeys import Server, ValkeyCluster
from tests.waiting import is_alive, wait_until

ROOT = Path(__file__).resolve().parents[2]
DATABASE_MEGABYTES, BROKER_MEGABYTES = 1500, 300
START_SECONDS = 30.0
RESTART_SECONDS = 1.0
CLUSTER_PARTITIONS = 4


@dataclass
class World:
    """Everything that a fault can reach. A disk is None where the run may mount none.

    `starter` is the thread that starts processes: they end with the thread that started them.
    """

    folder: Path
    database: Database
    broker: EmbeddedValkey | ValkeyCluster
    database_disk: Path | None
    broker_disk: Path | None
    points: ArmedPoints
    system: "System"
    starter: ThreadPoolExecutor
    partitions: int = 1
    points_not_reached: int = 0

    def start_broker_again(self) -> None:
        """Start the broker, or those of its nodes that have died."""
        self.starter.submit(self.broker.ensure_running).result()

    def broker_server(self, chance: Random) -> "EmbeddedValkey | Server":
        """Return the broker's server, of a cluster one of its nodes."""
        return chance.choice(self.broker.nodes) if isinstance(self.broker, ValkeyCluster) else self.broker

    def start_system(self) -> None:
        """Start the processes of the system."""
        self.starter.submit(self.system.start, self.environment()).result()

    @contextmanager
    def service_manager(self) -> Iterator[None]:
        """Start the system, and inside the block start it again when it has ended: it does where no broker answers."""
        over = threading.Event()
        watching = threading.Thread(target=self.start_again_until, args=[over])
        self.start_system()
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def start_again_until(self, over: threading.Event) -> None:
        """Start the system whenever it has ended and nobody keeps it down."""
        while not over.wait(RESTART_SECONDS):
            if self.system.has_ended():
                self.start_system()

    def environment(self) -> dict[str, str]:
        """Return the variables with which a process finds this world."""
        return {
            "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
            "DATABASE_URL": self.database.url,
            "REDIS_URL": self.broker.url,
            "PARTITIONS": str(self.partitions),
            "DATA_DIR": str(self.folder / "data"),
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }


class System:
    """The processes of the system under their supervisor; `pairs` are what it runs beside it, several of each."""

    def __init__(self, folder: Path, armed: Path, bug: str, each: int) -> None:
        self.log = folder / "system.log"
        self.web = f"127.0.0.1:{free_port()}"
        self.own = {"CHAOS_ARMED": str(armed), "CHAOS_BUG": bug}
        self.each = each
        self.process: subprocess.Popen[bytes] | None = None
        self.is_wanted = False

    def start(self, environment: dict[str, str]) -> None:
        """Start `manage.py up` with a process for each role, and `each` for those with most work."""
        argv = [
            sys.executable,
            str(ROOT / "manage.py"),
            "up",
            "--separate",
            "--web",
            self.web,
            "--each",
            str(self.each),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                tied_to_parent(argv), env={**os.environ, **environment, **self.own}, stdout=log, stderr=log
            )
        self.is_wanted = True

    def has_ended(self) -> bool:
        """Return True if the supervisor has ended, and nobody wanted it to."""
        return self.is_wanted and self.process is not None and self.process.poll() is not None

    def stop(self) -> int:
        """End everything with SIGTERM; return the exit code of the supervisor."""
        assert self.process
        self.process.terminate()
        return wait_or_kill(self.process, seconds=30)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the supervisor's living children by their roles."""
        assert self.process
        supervisor, found = self.process.pid, {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and parent_of(folder) == supervisor:
                with suppress(OSError):
                    found[role_of((folder / "cmdline").read_bytes().split(b"\0"))] = int(folder.name)
        return found

    def kill_everything(self) -> None:
        """Kill the supervisor and all its children at once."""
        assert self.process
        self.is_wanted = False
        children = list(self.pids().values())
        for pid in [self.process.pid, *children]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(is_alive(pid) for pid in children), 10)


def parent_of(folder: Path) -> int:
    """Return the parent's process id of the process with this folder in /proc; 0 if it is gone."""
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def role_of(words: list[bytes]) -> str:
    """Return the role that a manage.py command line names, as the supervisor calls it."""
    texts = [word.decode(errors="replace") for word in words if word and word != b"--skip-checks"]
    command = texts[texts.index(str(ROOT / "manage.py")) + 1 :] if str(ROOT / "manage.py") in texts else ["?"]
    if command[0] == "work":
        return f"workers-{command[command.index('--slot') + 1]}"
    slot = f"-{command[command.index('--slot') + 1]}" if command[0] == "consume" and "--slot" in command else ""
    return f"{command[1]}{slot}" if command[0] == "consume" else command[0]


def free_port() -> int:
    """Return a port that nobody listened at a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def made_world(folder: Path, options: Namespace) -> Iterator[World]:
    """Start database and broker, and yield the world; the system is not started yet. All of it ends with the block."""
    armed = folder / "armed"
    armed.mkdir()
    with (
        small_disk(DATABASE_MEGABYTES) as database_disk,
        small_disk(BROKER_MEGABYTES) as broker_disk,
        ThreadPoolExecutor(1) as starter,
    ):
        home = folder / "pg"
        database = Database(home, (database_disk or home) / "data")
        at, system = (broker_disk or folder) / "valkey", System(folder, armed, options.bug or "", options.each)
        broker = ValkeyCluster(at) if options.cluster else EmbeddedValkey(at)
        parts = (database, broker, database_disk, broker_disk, ArmedPoints(armed), system)
        world = World(folder, *parts, starter, partitions=CLUSTER_PARTITIONS if options.cluster else 1)
        try:
            database.start()
            starter.submit(broker.start).result()
            yield world
        finally:
            broker.stop()
            database.stop()
            shutil.rmtree(home, ignore_errors=True)
