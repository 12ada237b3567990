"""How many projects a second the whole system finishes, and how many database statements each costs.

Run on PostgreSQL: `make bench`. Projects of the template `minimal` (three items, one after the other) are opened by
XADD; the processes of `manage.py up` do the rest. Printed: projects a second from the first XADD to the last DONE.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Prepare a private data folder, start the system, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=2000)
    parser.add_argument("--timeout", type=float, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "LOG_LEVEL": "WARNING", "DJANGO_SETTINGS_MODULE": "config.settings"}
        measure(options.projects, options.timeout)


def measure(projects: int, timeout: float) -> None:
    """Run the system over so many projects and print the figures."""
    import django

    django.setup()
    system = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "up", "--no-web"])
    try:
        wait_until(ready, 60)
        before = statements()
        started = time.perf_counter()
        open_projects(projects)
        opened = time.perf_counter()
        wait_until(lambda: finished() >= projects, timeout)
        seconds, spent = time.perf_counter() - started, statements()
    finally:
        system.terminate()
        system.wait(30)
    print(f"{projects} projects, {3 * projects} items; all opened after {opened - started:.1f} s")
    print(f"{seconds:.1f} s from the first XADD to the last DONE: {projects / seconds:.0f} projects a second")
    if before is not None and spent is not None:
        sent, checks = (after - earlier for after, earlier in zip(spent, before, strict=True))
        print(f"{sent / projects:.2f} database statements a project, ", end="")
        print(f"and {checks / projects:.2f} foreign key checks that PostgreSQL makes by itself")


def ready() -> bool:
    """Whether every group is there to read."""
    from django.conf import settings

    from events import streams

    try:
        groups = {group.name for group in streams.groups(settings.STREAM_NAME)}
        return groups >= set(streams.OWNER_GROUPS) and bool(streams.groups(streams.work_stream("generic_worker")))
    except streams.BROKER_ERRORS:
        return False


def open_projects(count: int) -> None:
    """XADD the requests, as a foreign producer would."""
    from events import streams
    from events.envelope import Envelope, Source

    said = {"request_text": "Do the three steps.", "template": "minimal"}
    requests = [
        Envelope(
            event_type="PROJECT.INITIAL_REQUEST_RECEIVED",
            payload={"project_id": str(uuid4()), **said},
            source=Source("benchmark", "1"),
            correlation_id=uuid4(),
        )
        for _ in range(count)
    ]
    for start in range(0, count, 500):
        streams.publish([request.outgoing() for request in requests[start : start + 500]])


def finished() -> int:
    """Projects that are done."""
    from backlog.models import Project

    return Project.objects.filter(status="DONE").count()


# How PostgreSQL's own foreign key checks look among the statements it counts.
FOREIGN_KEY_CHECK = "SELECT % FROM ONLY %FOR KEY SHARE OF x"


def statements() -> tuple[int, int] | None:
    """Statements sent to the server so far and checks of its own, if it counts them (pg_stat_statements)."""
    from django.db import DatabaseError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            cursor.execute(
                "SELECT sum(calls) FILTER (WHERE query NOT LIKE %s), sum(calls) FILTER (WHERE query LIKE %s)"
                " FROM pg_stat_statements",
                [FOREIGN_KEY_CHECK, FOREIGN_KEY_CHECK],
            )
            sent, checks = cursor.fetchone()
            return int(sent or 0), int(checks or 0)
    except DatabaseError:
        return None


def wait_until(happens: object, seconds: float) -> None:
    """Return as soon as the predicate holds; give up after so many seconds."""
    deadline = time.monotonic() + seconds
    while not happens():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"It did not happen within {seconds:g} s.")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
