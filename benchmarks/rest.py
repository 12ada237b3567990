"""Throughput of the REST interface, at 1 and 2 web processes, beside a Django view that does nothing.

Run on PostgreSQL: `make bench`. The load comes from wrk (Debian: `apt install wrk`) on the same machine, over 16
connections. Printed: requests a second, median and 99th percentile, and the ratio to the bare view of the same run;
and what one call of each kind sends: statements to the database (several may travel together; begin and commit are not
counted) and messages to the broker (a pipeline is one).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock, patch
from urllib.error import HTTPError, URLError
from uuid import uuid4

from benchmarks.figures import Figure, publish

CONNECTIONS = 16
ADDRESS = "127.0.0.1:8765"
ROOT = Path(__file__).resolve().parent.parent
FIGURES = re.compile(r"\n\s+50%\s+(\S+).*?99%\s+(\S+).*?Requests/sec:\s+(\S+)", re.DOTALL)
OPEN, LIST, ANSWER = "POST /projects", "GET /questions?limit=50", "POST /questions/ID/answer"
REPEATED = """
wrk.method = "{method}"
wrk.headers["Authorization"] = "Bearer {key}"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{body}]]
"""
ANSWERS = """
local ids = {{}}
for id in io.lines("{ids}") do ids[#ids + 1] = id end
local next = 0
request = function()
  next = next + 1
  local headers = {{ ["Authorization"] = "Bearer {key}", ["Content-Type"] = "application/json" }}
  return wrk.format("POST", "/api/v1/questions/" .. (ids[next] or "none") .. "/answer", headers, '{{"answer": 45}}')
end
"""
REQUEST = '{"request_text": "Where does the time go?", "template": "minimal", "title": "Time"}'
ASKING = {
    "name": "bench-asking", "title": "Asking",
    "items": [{
        "key": "only", "title": "Only", "agent_target": "nobody", "needs": {
            "type": "object", "required": ["rate"], "properties": {"rate": {"type": "number", "title": "Rate"}},
        },
    }],
}  # fmt: skip


def main() -> None:
    """Start a broker and the web, seed, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--questions", type=int, default=8000, help="to be answered, for each number of processes")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: on Debian and Ubuntu, apt install wrk")
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        settings = {"DJANGO_SETTINGS_MODULE": "config.settings", "API_REQUESTS_A_MINUTE": str(10**9)}
        os.environ |= {"DATA_DIR": folder, "LOG_LEVEL": "ERROR", **settings}
        measure(Path(folder), options.seconds, options.questions)


def measure(folder: Path, seconds: int, questions: int) -> None:
    """Each endpoint at 1 and at 2 web processes."""
    import django

    django.setup()
    from runtime.system import running_broker

    with running_broker():
        key = prepared()
        print(f"{CONNECTIONS} connections, {seconds} s each, on {database()}\n")
        print(f"{'':28}{'processes':>10}{'requests/s':>12}{'median':>10}{'p99':>10}{'of the bare view':>18}", end="")
        print(f"{'database':>10}{'broker':>8}")
        sent, found = sent_by_calls(key), []
        for processes in (1, 2):
            with serving(["-m", "benchmarks.bare", ADDRESS], processes, "/bare"):
                bare = load(folder, "GET /bare", "/bare", REPEATED.format(method="GET", key="", body=""), seconds)
            show("a Django view, bare", processes, bare, bare, 0, 0)
            with serving(["manage.py", "web", "--at", ADDRESS, "--shared"], processes, "/sign-in/"):
                for name, path, script in calls(folder, key, questions):
                    figures = load(folder, name, path, script, seconds)
                    show(name, processes, figures, bare, *sent[name])
                    words = f"{name}, web processes: {processes}"
                    found.append(Figure(words, figures[0], "requests/s", bare[0], "bare view"))
        publish(found)


def calls(folder: Path, key: str, questions: int) -> Iterator[tuple[str, str, str]]:
    """What is called: a name, a path and the script that calls it."""
    yield OPEN, "/api/v1/projects", REPEATED.format(method="POST", key=key, body=REQUEST)
    ids = folder / f"questions-{uuid4().hex}"
    ids.write_text("\n".join(asked(questions)))
    yield LIST, "/api/v1/questions?limit=50", REPEATED.format(method="GET", key=key, body="")
    yield ANSWER, "/", ANSWERS.format(ids=ids, key=key)


# -- preparing -------------------------------------------------------------------------------------
def prepared() -> str:
    """The key of an operator of a migrated database."""
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from accounts import keys, scopes
    from accounts.models import User
    from accounts.roles import OPERATOR

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("bench", is_service=True)
    user.groups.add(Group.objects.get(name=OPERATOR))
    return keys.make_key(user, name="bench", scopes=list(scopes.SCOPES), lifetime=None)[1]


def asked(count: int) -> list[str]:
    """The ids of so many open questions, each of a project of its own."""
    from backlog.blueprints import add_version
    from backlog.flow.opening import submit_request
    from backlog.flow.orchestration import project_work
    from clarifications.models import Question
    from schemas.payloads.project import ProjectInitialRequestReceived

    add_version(ASKING, by="bench")
    projects = [str(uuid4()) for _ in range(count)]
    for start in range(0, count, 200):
        with project_work() as work:
            for project_id in projects[start : start + 200]:
                said = {"project_id": project_id, "request_text": "Ask.", "template": ASKING["name"]}
                submit_request(work, request=cast(ProjectInitialRequestReceived, said))
    return [str(pk) for pk in Question.objects.filter(project_id__in=projects).values_list("pk", flat=True)]


def sent_by_calls(key: str) -> dict[str, tuple[int, int]]:
    """For each call: how many statements it sends to the database, and messages to the broker. Each is made here."""
    from django.test import Client

    client, headers = Client(headers={"Host": "127.0.0.1"}), {"Authorization": f"Bearer {key}"}
    post: Callable[..., Any] = partial(client.post, content_type="application/json", headers=headers)
    ids = asked(10)
    made: dict[str, Callable[[], Any]] = {
        OPEN: lambda: post("/api/v1/projects", REQUEST),
        LIST: lambda: client.get("/api/v1/questions?limit=50", headers=headers),
        ANSWER: lambda: post(f"/api/v1/questions/{ids.pop()}/answer", {"answer": 45}),
    }
    return {name: counted(call) for name, call in made.items() if call().status_code < 300}


def counted(call: Callable[[], object]) -> tuple[int, int]:
    """How many statements the call sends to the database, and how many messages to the broker."""
    from django.db import connection
    from redis.connection import AbstractConnection

    to_database, to_broker = Counter[str](), Mock(wraps=AbstractConnection.send_packed_command)

    def execute(run: Callable[..., object], sql: str, *arguments: object) -> object:
        to_database[sql] += 1
        return run(sql, *arguments)

    with (
        connection.execute_wrapper(execute),
        patch.object(AbstractConnection, "send_packed_command", autospec=True) as s,
    ):
        s.side_effect = to_broker
        call()
    return to_database.total(), to_broker.call_count


def database() -> str:
    """Which database it is."""
    from django.db import connection

    return connection.vendor


# -- measuring -------------------------------------------------------------------------------------
@contextmanager
def serving(command: list[str], processes: int, path: str) -> Iterator[None]:
    """The web server in so many processes that share the address."""
    servers = [subprocess.Popen([sys.executable, *command], cwd=ROOT) for _ in range(processes)]
    try:
        wait_until_served(f"http://{ADDRESS}{path}")
        yield
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(30)


def wait_until_served(url: str) -> None:
    """Return once the address answers; every process is warm after a few calls."""
    deadline = time.monotonic() + 30
    for _ in range(20):
        while True:
            try:
                urllib.request.urlopen(url, timeout=5).read()
                break
            except HTTPError:
                break
            except (URLError, ConnectionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def load(folder: Path, name: str, path: str, script: str, seconds: int) -> tuple[float, str, str]:
    """Requests a second, median and 99th percentile; an answer that is no success ends the measurement."""
    file = folder / "load.lua"
    file.write_text(script)
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(file), f"http://{ADDRESS}{path}"]
    said = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
    found = FIGURES.search(said)
    if found is None or "Non-2xx" in said:
        sys.exit(f"{name} was refused, or there were too few questions (--questions):\n{said}")
    return float(found[3]), found[1], found[2]


def show(
    name: str,
    processes: int,
    figures: tuple[float, str, str],
    bare: tuple[float, str, str],
    to_database: int,
    to_broker: int,
) -> None:
    """A line of the table."""
    rate, median, p99 = figures
    line = f"{name:28}{processes:>10}{rate:>12.0f}{median:>10}{p99:>10}{rate / bare[0]:>18.2f}"
    print(f"{line}{to_database:>10}{to_broker:>8}", flush=True)


if __name__ == "__main__":
    main()
