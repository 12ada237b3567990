"""A whole system as an operator starts it, in a folder of its own: met by its pages and by its streams alone."""

import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import redis

from environment.broker import broker_url
from runtime.processes import tied_to_parent
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
LOG, DEAD_LETTERS = "audit:events", "audit:dlq"
# Nobody does this agent's work, so that a test can: what is sent to it stays in progress until the test replies.
ABSENT_AGENT = "dev_worker"
START_SECONDS = 60.0
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class LiveSystem:
    """Where the web is (`http://host:port`), where the data and `log` are, and the broker."""

    url: str
    folder: Path
    broker: redis.Redis
    heard: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, stopping: threading.Event) -> None:
        """Keep every event of the log as it comes: the relay trims what is settled."""
        position = "0"
        with closing(redis.Redis.from_url(broker_url(self.folder / "valkey"))) as broker:
            while not stopping.is_set():
                for _, entries in broker.xread({LOG: position}, block=200):
                    self.heard.extend(read(fields.get(b"event", b"")) for _, fields in entries)
                    position = entries[-1][0]

    def put(self, *events: dict[str, Any] | bytes) -> None:
        """XADD to the log, as a foreign program does; bytes go as they are."""
        for event in events:
            self.broker.xadd(LOG, {"event": event if isinstance(event, bytes) else orjson.dumps(event)})

    def said(self, event_type: str, **about: Any) -> list[dict[str, Any]]:
        """The log's events of this type with these values in their payload, oldest first."""
        events = [event for event in list(self.heard) if event.get("event_type") == event_type]
        return [event for event in events if about.items() <= event["payload"].items()]

    def wait_for(self, event_type: str, *, seconds: float = 30.0, **about: Any) -> dict[str, Any]:
        """The first such event, once the log has it."""
        wait_until(lambda: bool(self.said(event_type, **about)), seconds)
        return self.said(event_type, **about)[0]

    def dead_letters(self) -> int:
        """How many messages have been buried; the stream itself is trimmed."""
        if not self.broker.exists(DEAD_LETTERS):
            return 0
        about: Any = self.broker.xinfo_stream(DEAD_LETTERS)
        return int(about["entries-added"])


def read(entry: bytes) -> dict[str, Any]:
    """The event; an empty one for what is none."""
    try:
        event = orjson.loads(entry)
    except orjson.JSONDecodeError:
        return {}
    return event if isinstance(event, dict) else {}


@contextmanager
def live_system(folder: Path) -> Iterator[LiveSystem]:
    """The system with its people while the block runs; then SIGTERM, to which it must answer by ending well."""
    subprocess.run([sys.executable, "-m", "tests.browser.make_people"], env=environment(folder), cwd=ROOT, check=True)
    address = f"127.0.0.1:{free_port()}"
    process = started("up", "--web", address, "--except", ABSENT_AGENT, folder=folder)
    try:
        with closing(redis.Redis.from_url(broker_url(folder / "valkey"))) as broker:
            wait_for_web(f"http://{address}/sign-in/", process, folder / "log")
            with hearing(LiveSystem(f"http://{address}", folder, broker)) as system:
                yield system
        process.terminate()
        assert process.wait(STOP_SECONDS) == 0, (folder / "log").read_text()
    finally:
        process.kill()
        process.wait()


@contextmanager
def hearing(system: LiveSystem) -> Iterator[LiveSystem]:
    """The system, with what its log says kept while the block runs."""
    stopping = threading.Event()
    thread = threading.Thread(target=system.hear, args=[stopping])
    thread.start()
    try:
        yield system
    finally:
        stopping.set()
        thread.join()


def environment(folder: Path) -> dict[str, str]:
    """Ours, with the product's own settings and everything kept in the folder, whatever an .env file says."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'interlock.sqlite3'}",
        "REDIS_URL": "",
        "NAMESPACE": "audit",
        "CURRENCY": "EUR",
        "STREAM_NAME": LOG,
        "DLQ_STREAM": DEAD_LETTERS,
        "ALLOWED_HOSTS": "127.0.0.1",
        "BEHIND_TLS": "false",
        "DEBUG": "false",
        "LOG_LEVEL": "INFO",
    }


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(*command: str, folder: Path) -> subprocess.Popen[bytes]:
    """The manage.py command, running on the folder, with what it says in `log` there."""
    words = [sys.executable, str(ROOT / "manage.py"), *command]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(tied_to_parent(words), env=environment(folder), stdout=log, stderr=log)


def wait_for_web(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the page is there; fails with the system's log when it will not come."""
    wait_until(lambda: process.poll() is not None or status(url) > 0, START_SECONDS)
    assert status(url) == 200, f"The system does not serve {url}:\n{log.read_text(errors='replace')}"


def status(url: str) -> int:
    """The HTTP status of the page; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code
    except OSError:
        return 0
