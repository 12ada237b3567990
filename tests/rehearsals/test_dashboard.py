"""A real Prometheus reads a running system: every rule and every query of the dashboard is evaluated, none stays empty.

Needs the server: `scripts/promtool.sh prometheus` fetches it, and PROMETHEUS names one that is elsewhere.
"""

import json
import math
import os
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from runtime.processes import tied_to_parent, wait_or_kill
from tests.figures import TOKEN
from tests.house import ROOT
from tests.receivers import receiving
from tests.rehearsals.watched import REQUEST, System, free_ports, is_done
from tests.waiting import wait_until

MONITORING = ROOT / "deploy" / "monitoring"
# A query asks for the growth over this time: four looks of Prometheus, as Grafana's $__rate_interval does.
LOOK_SECONDS, RATE_INTERVAL = 1, "4s"
# What has nothing to show in a run without a fault, since Prometheus knows a labelled counter from its first count on.
ONLY_AFTER_A_FAULT = {
    "interlock_events_published_late_total": "the relay published for nobody",
    "interlock_clock_failures_total": "nothing that was due by the clock failed",
    "interlock_outage_waits_total": "database and broker were never away",
}


class Mailbox(socketserver.StreamRequestHandler):
    """A mail server that takes every mail and keeps none."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        is_text = False
        for line in self.rfile:
            word = line.strip().upper()
            if is_text and word != b".":
                continue
            is_text = word == b"DATA"
            self.wfile.write(b"354 go on\r\n" if is_text else b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")


@contextmanager
def mail_server() -> Iterator[str]:
    """The address of the mail server while the block runs."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Prometheus:
    """A Prometheus with the configuration of deploy/monitoring, which looks at the system each second."""

    def __init__(self, folder: Path, system: System) -> None:
        self.folder, self.port = folder, free_ports(1, first=19_090)
        config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": f"{LOOK_SECONDS}s", "evaluation_interval": f"{LOOK_SECONDS}s"}
        own = [f"127.0.0.1:{system.base + number}" for number in range(3)]
        for job, targets in zip(config["scrape_configs"], ([f"127.0.0.1:{system.web}"], own), strict=True):
            job["static_configs"][0]["targets"] = targets
        folder.mkdir()
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (folder / "metrics_token").write_text(TOKEN)
        shutil.copy(MONITORING / "alerts.yml", folder)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it inside the block, from its first answer on."""
        program = os.environ.get("PROMETHEUS") or shutil.which("prometheus", path=f"{os.environ['PATH']}:{BIN}")
        if not program:
            pytest.skip("there is no Prometheus: run `scripts/promtool.sh prometheus`, or set PROMETHEUS to its path")
        options = [f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.path=data"]
        with (self.folder / "log").open("wb") as log:
            command = tied_to_parent([program, "--config.file=prometheus.yml", *options])
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        try:
            wait_until(lambda: process.poll() is not None or self.is_ready(), 30)
            assert process.poll() is None, (self.folder / "log").read_text()[-3000:]
            yield
        finally:
            process.terminate()
            wait_or_kill(process, seconds=10)

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self.get("/-/ready")[0] == 200)
        except OSError:
            return False

    def get(self, path: str, **values: Any) -> tuple[int, bytes]:
        """(status, body) of its answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", f"{path}?{urlencode(values)}")
        answer = connection.getresponse()
        return answer.status, answer.read()

    def data(self, path: str, **values: Any) -> Any:
        """The data of its answer, which has to be a success."""
        status, body = self.get(f"/api/v1/{path}", **values)
        assert status == 200, body
        return json.loads(body)["data"]

    def points(self, expression: str, *, since: float) -> int:
        """How many numbers the expression has given since then; what is no number is no point on a panel."""
        asked = {"query": expression.replace("$__rate_interval", RATE_INTERVAL), "step": LOOK_SECONDS}
        series = self.data("query_range", start=since, end=time.time(), **asked)["result"]
        return sum(math.isfinite(float(value)) for one in series for _at, value in one["values"])


BIN = Path(sys.executable).parent


def asked_by_dashboard() -> list[tuple[str, str]]:
    """(title of the panel, expression) of each query of the dashboard."""
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", [])]


def is_argued(expression: str) -> bool:
    """Whether the expression may stay empty in a run without a fault."""
    return any(name in expression for name in ONLY_AFTER_A_FAULT)


def use(system: System, key: str) -> None:
    """Do a project that asks for the hourly rate; answer, and wait for its report."""
    context = {name: value for name, value in REQUEST["work_context"].items() if name != "hourly_rate"}  # type: ignore[attr-defined]
    project = str(system.call("POST", "projects", key, {**REQUEST, "work_context": context})["id"])
    path = f"questions?status=OPEN&project={project}&limit=1"
    wait_until(lambda: system.call("GET", path, key)["results"], 60)
    [question] = system.call("GET", path, key)["results"]
    time.sleep(2)  # so that the mail about it leaves
    system.call("POST", f"questions/{question['id']}/answer", key, {"answer": 45})
    wait_until(partial(is_done, system, key, project), 60)


@pytest.mark.timeout(900)
def test_no_panel_stays_empty_and_every_rule_is_evaluated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiving() as receiver, mail_server() as mails:
        allowed = f"127.0.0.1:{receiver.port}"
        variables = {"EMAIL_URL": mails, "PUBLIC_URL": "http://localhost", "PERSON_PASSWORD": "quite-long-and-unusual"}
        system = System(tmp_path, WEBHOOK_ALLOWED_HOSTS=allowed, **variables)
        prometheus = Prometheus(tmp_path / "prometheus", system)
        with system.running(), prometheus.running():
            system.manage("person", "ann", "--role", "answerer", "--email", "ann@example.org")
            owner = system.key("ada", "administrator", "webhooks", "read")
            system.call("POST", "webhooks", owner, {"url": receiver.url})
            key, began = system.key("watcher", "operator", "projects", "read", "questions"), time.time()
            for _ in range(2):  # what grows shows once there is something to compare with
                use(system, key)
                time.sleep(3 * LOOK_SECONDS)
            found = {(title, expr): prometheus.points(expr, since=began) for title, expr in asked_by_dashboard()}
            rules = [rule for group in prometheus.data("rules")["groups"] for rule in group["rules"]]
            targets = prometheus.data("targets")["activeTargets"]
    empty = [asked for asked, points in found.items() if not points]
    with capsys.disabled():
        print(
            f"\n{len(found)} queries of the dashboard: {len(found) - len(empty)} with {sum(found.values()):,} points,"
            f" {len(empty)} empty: {[title for title, _ in empty]} / {len(rules)} rules:"
            f" {sorted({rule['health'] for rule in rules})} / targets {[one['health'] for one in targets]}"
        )
    assert [asked for asked in empty if not is_argued(asked[1])] == []
    assert [(rule["name"], rule["lastError"]) for rule in rules if rule["health"] != "ok"] == []
    assert {target["health"] for target in targets} == {"up"}
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []
