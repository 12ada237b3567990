"""A system of real processes, started by `manage.py up`, that is watched in every way there is."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server
from typing import Any

from tests.figures import TOKEN
from tests.house import ROOT
from tests.waiting import wait_until

REQUEST = {
    "request_text": "Where does the finance team lose time each month?",
    "title": "Finance, March",
    "template": "audit",
    "work_context": {
        "rows": [
            {"text": f"Match payments {n % 7}", "category": f"Team {n % 3}", "estimated_minutes": 20 + n % 40}
            for n in range(600)
        ],
        "hourly_rate": 45,
        "currency": "EUR",
        "period": {"type": "month"},
    },
}


def free_ports(count: int, *, first: int) -> int:
    """The first of so many neighbouring ports at which nobody listens, below those that the system gives to callers."""
    with ExitStack() as stack:
        try:
            for number in range(count):
                stack.enter_context(create_server(("127.0.0.1", first + number)))
        except OSError:
            return free_ports(count, first=first + count)
    return first


class System:
    """`manage.py up` in a folder of its own, watched in every way there is."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder, self.log = folder, folder / "up.log"
        self.web, self.base = free_ports(1, first=18_000), free_ports(4, first=19_200)
        watching = {"METRICS_TOKEN": TOKEN, "METRICS_PORT": str(self.base), **variables}
        watching |= {"LOG_FORMAT": "json", "LOG_EVENTS": "true", "LOG_LEVEL": "INFO"}
        kept = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
        self.env = {**kept, **watching, "DATA_DIR": str(folder / "data"), "DJANGO_SETTINGS_MODULE": "config.settings"}

    def manage(self, *words: str) -> str:
        """What a command prints."""
        quiet = {**self.env, "METRICS_PORT": "0", "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
        return subprocess.check_output([sys.executable, "manage.py", *words], cwd=ROOT, env=quiet, text=True)

    def key(self, name: str, role: str, *scopes: str) -> str:
        """The key of a new machine with this role and these scopes."""
        self.manage("person", name, "--service", "--role", role)
        words = [word for scope in scopes for word in ("--scope", scope)]
        return self.manage("apikey", "make", name, "--name", "rehearsal", *words).strip()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it inside the block, from its first page on."""
        with self.log.open("w") as log:
            command = [sys.executable, "manage.py", "up", "--web", f"127.0.0.1:{self.web}"]
            process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=log)
        try:
            wait_until(lambda: "Interlock is up" in self.log.read_text() or process.poll() is not None, 60)
            assert process.poll() is None, self.log.read_text()[-3000:]
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def call(self, method: str, path: str, key: str, body: Any = None, **headers: str) -> Any:
        """What the interface answers."""
        connection = HTTPConnection("127.0.0.1", self.web, timeout=60)
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers}
        connection.request(method, f"/api/v1/{path}", json.dumps(body) if body else None, sent)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        assert answer.status < 300, said
        return said


def is_done(system: System, key: str, project: str) -> bool:
    """Whether the interface says that the project is done."""
    return bool(system.call("GET", f"projects/{project}", key)["status"] == "DONE")
