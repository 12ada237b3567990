"""The whole system on one machine with many people at its pages and programs at its REST interface, for some minutes.

People sign in, keep a page open that listens over a WebSocket, and look at the next page each 5 to 15 seconds; a fifth
of them are staff. Each program opens a project every two seconds, lists what is asked, and answers one question. The
load comes from locust (`pip install locust websocket-client`) on the same machine, so its own processor time is part
of what the machine bears. Printed for each call: how many, how many failed, median, 95th and 99th percentile; and the
memory of each process before and after.

Run on PostgreSQL: `python tests/servers.py postgres --durable -- python -m benchmarks.people --minutes 10`.
"""

import argparse
import csv
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

from benchmarks.figures import Figure, publish
from benchmarks.meter import processor_ms, resident
from benchmarks.rest import ASKING
from benchmarks.stage import ROOT, Stage, prepared_stage, wait_until
from benchmarks.subjects import Subject, product
from runtime.processes import tied_to_parent

ADDRESS = "127.0.0.1:8767"
PASSWORD = "people of the bench"
SPAWNED_A_SECOND = 5
START_SECONDS = 60.0
HEADS = ("call", "calls", "failed", "median", "p95", "p99")


def main() -> None:
    """Start everything, let the people work, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--programs", type=int, default=20)
    options = parser.parse_args()
    if not find_spec("locust") or not find_spec("websocket"):
        sys.exit("locust is not installed: pip install locust websocket-client")
    with prepared_stage() as stage, product(stage, "people") as subject:
        subject.commands = (("manage.py", "up", "--web", ADDRESS),)
        os.environ |= {**subject.environment, "ALLOWED_HOSTS": "127.0.0.1", "API_REQUESTS_A_MINUTE": str(10**9)}
        keys = prepared(options.people, options.programs)
        with subject.started():
            wait_until(answers, START_SECONDS)
            measure(stage, subject, keys, options)


def prepared(people: int, programs: int) -> list[str]:
    """Make the accounts, and the template that asks; return a key for each program."""
    import django

    django.setup()
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Group

    from accounts import keys, scopes
    from accounts.models import User
    from accounts.roles import ANSWERER, OPERATOR, REQUESTER
    from backlog.blueprints import add_version

    add_version({**ASKING, "name": "people"}, by="bench")
    hashed = make_password(PASSWORD)
    for role, name, count in ((REQUESTER, "requester", people), (ANSWERER, "answerer", people)):
        users = [
            User(username=f"{name}{number}", password=hashed, is_staff=role == ANSWERER) for number in range(count)
        ]
        Group.objects.get(name=role).user_set.add(*User.objects.bulk_create(users))
    made = []
    for number in range(programs):
        user = User.objects.create_user(f"program{number}", is_service=True)
        user.groups.add(Group.objects.get(name=OPERATOR))
        made.append(keys.make_key(user, name="bench", scopes=list(scopes.SCOPES), lifetime=None)[1])
    return made


def answers() -> bool:
    """Return True once the web answers."""
    with suppress(URLError, ConnectionError):
        return bool(urllib.request.urlopen(f"http://{ADDRESS}/sign-in/", timeout=5).status == 200)
    return False


def measure(stage: Stage, subject: Subject, keys: list[str], options: argparse.Namespace) -> None:
    """Let the people work and print what they met."""
    file = stage.folder / "keys"
    file.write_text("\n".join(keys))
    counts = f"{options.people} {options.people // 5} {options.programs}"
    variables = {
        "PEOPLE_KEYS": str(file),
        "PEOPLE_COUNTS": counts,
        "PEOPLE_PASSWORD": PASSWORD,
        "PYTHONPATH": str(ROOT),
    }
    seconds = int(options.minutes * 60)
    words = ["-f", "benchmarks/people_load.py", "--headless", "-u", str(options.people + options.programs)]
    words += ["-r", str(SPAWNED_A_SECOND), "-t", f"{seconds}s", "--csv", str(stage.folder / "people"), "--only-summary"]
    before, spent = resident(subject), sum(processor_ms(process.pid) for process in subject.running)
    load = subprocess.Popen(
        tied_to_parent([sys.executable, "-m", "locust", *words, "--host", f"http://{ADDRESS}"]),
        cwd=ROOT, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    load.wait(seconds + 120)
    if load.returncode < 0:
        raise SystemExit(f"The load was ended by {signal.Signals(-load.returncode).name}.")
    spent = sum(processor_ms(process.pid) for process in subject.running) - spent
    show(stage.folder / "people_stats.csv", before, resident(subject), spent / 10 / seconds)


def show(stats: Path, before: dict[str, float], after: dict[str, float], cores: float) -> None:
    """Print a line for each call and each process, and publish the figures."""
    rows = list(csv.DictReader(stats.open()))
    print("".join(f"{head:>10}" if place else f"{head:<32}" for place, head in enumerate(HEADS)))
    for row in rows:
        cells = [row["Request Count"], row["Failure Count"], row["50%"], row["95%"], row["99%"]]
        print(f"{row['Name']:<32}" + "".join(f"{cell:>10}" for cell in cells))
    [everything] = [row for row in rows if row["Name"] == "Aggregated"]
    print(f"processor time of the system: {cores:.0f} % of one core")
    for name in sorted(before.keys() | after.keys()):
        print(f"memory, {name}: {before.get(name, 0):.0f} MB before, {after.get(name, 0):.0f} MB after")
    calls, failed = (float(everything[name]) for name in ("Request Count", "Failure Count"))
    publish([
        Figure("people, calls a second", float(everything["Requests/s"]), "calls/s"),
        Figure("people, failed", failed, "calls", calls, "calls"),
        Figure("people, 95th percentile of all calls", float(everything["95%"]), "ms"),
        Figure("people, memory after", sum(after.values()), "MB", sum(before.values()), "MB before"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
