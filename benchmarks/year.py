"""A year of work, and what pruning leaves of it: the size of each table, how long it takes, and whether pages notice.

Run on PostgreSQL: `make bench ARGS="--only year"`. The server makes the rows by itself: of each project three items,
22 events, a deliverable, its context, deliveries to a webhook, and the smaller things in proportion. They are as many
a day as --a-day says; what 10,000 a day would take is computed from it, in proportion, and said to be. Events are kept
for --keep days here, so that most of the year is due.

While it prunes, requests are opened at a steady rate: their times stand beside those of the same rate before.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.figures import Figure, publish
from benchmarks.lists import Page, prepared

DAYS, CARD_RATE = 365, 10_000
EVENTS_A_PROJECT = 22
TRIES = 15
# Requests a second that are opened while nothing, and while pruning, goes on.
PROBES_A_SECOND = 5
PROBE_SECONDS = 15
MB = 1_000_000
SIZES = """
    SELECT relname, pg_total_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


def main() -> None:
    """Read the command line, fill the database, prune, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--a-day", type=int, default=100, help="projects a day, for a year")
    parser.add_argument("--keep", type=int, default=90, metavar="DAYS", help="events and stored rows after an end")
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        raise SystemExit("This needs PostgreSQL: run `make bench`.")
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "REDIS_URL": "", "LOG_LEVEL": "ERROR"}
        os.environ |= {"KEEP_EVENTS_DAYS": str(options.keep), "KEEP_ROWS_DAYS": str(options.keep)}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        with prepared(Path(folder)):
            measure(options.a_day, options.keep, Path(folder))


def measure(a_day: int, keep: int, folder: Path) -> None:
    """Fill, look, prune, look again, and print."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.year_of_work import Year, fill_year
    from runtime.pruning import kinds, weigh

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    fill_year(Year(a_day=a_day, days=DAYS), folder)
    print(f"{a_day * DAYS:,} projects in {DAYS} days, {a_day} a day; filled in {time.perf_counter() - started:.0f} s")
    found = pages()
    before = {"sizes": sizes(), "rows": rows(), "pages": timed_pages(found)}
    calm = probe_for(PROBE_SECONDS)
    for outcome in weigh(kinds()):
        if outcome.removed.rows:
            print(f"  due: {outcome.name:<28}{outcome.removed.rows:>12,}")
    seconds, busy = pruned()
    after = {"sizes": sizes(), "rows": rows(), "pages": timed_pages(found)}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    fill_year(Year(a_day=a_day, days=30, first=a_day * DAYS), folder)
    reused = sizes()
    with connection.cursor() as cursor:
        for table in ("events_event", "webhooks_delivery"):
            cursor.execute(f"VACUUM FULL {table}")
    show_tables(before, after, sizes(), a_day, keep)
    show_pages(found, before["pages"], after["pages"])
    archive = sum(path.stat().st_size for path in (folder / "archive").rglob("*.gz"))
    show_figures(a_day, seconds, archive, before, after, reused, calm, busy)


def pruned() -> tuple[dict[str, tuple[int, float, float]], list[float]]:
    """Prune all; return rows, seconds and seconds of processor time of this process by kind.

    Beside it, the times of requests that were opened meanwhile.
    """
    from runtime.pruning import kinds, prune

    stopping, times = threading.Event(), list[float]()
    probing = threading.Thread(target=probe, args=(stopping, times))
    probing.start()
    found, spent = {}, time.thread_time()
    for outcome in prune(kinds(), by="benchmark"):
        if outcome.error:
            raise SystemExit(f"{outcome.name}: {outcome.error}")
        if outcome.removed.rows:
            found[outcome.name] = (outcome.removed.rows, outcome.seconds, time.thread_time() - spent)
            print(f"  pruned: {outcome.name:<25}{outcome.removed.rows:>12,} in {outcome.seconds:.1f} s", flush=True)
        spent = time.thread_time()
    stopping.set()
    probing.join()
    return found, times


# -- others who work meanwhile ---------------------------------------------------------------------
def probe_for(seconds: float) -> list[float]:
    """Return the times of requests that are opened for so many seconds."""
    stopping, times = threading.Event(), list[float]()
    probing = threading.Thread(target=probe, args=(stopping, times))
    probing.start()
    time.sleep(seconds)
    stopping.set()
    probing.join()
    return times


def probe(stopping: threading.Event, times: list[float]) -> None:
    """Open requests at a steady rate until `stopping` is set, and note the milliseconds of each."""
    from django.db import connections

    from backlog.flow.opening import submit_request
    from backlog.flow.orchestration import project_work

    while not stopping.wait(1 / PROBES_A_SECOND):
        started = time.perf_counter()
        with project_work() as work:
            request: Any = {"project_id": str(uuid4()), "request_text": "Do the three steps.", "template": "minimal"}
            submit_request(work, request=request)
        times.append(1000 * (time.perf_counter() - started))
    connections.close_all()


# -- what there is ---------------------------------------------------------------------------------
def sizes() -> dict[str, int]:
    """Return the bytes of each table with its indexes and long values."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(SIZES)
        return dict(cursor.fetchall())


def rows() -> dict[str, int]:
    """Return the number of rows of each table."""
    from django.apps import apps

    return {model._meta.db_table: model._base_manager.count() for model in apps.get_models()}


def pages() -> list[Page]:
    """The list of projects, the page of an old one for staff and for its requester, questions, events, REST."""
    from django.urls import reverse

    from backlog.models import Project

    [old] = Project.objects.filter(status="DONE").order_by("opened_at").values_list("pk", flat=True)[:1]

    def at(name: str, *args: Any, **query: str) -> Page:
        url = reverse(name, args=args, query=query)
        return Page(name, "ann", lambda: url, urls={"": url})

    named = {
        "project list": at("admin:backlog_project_changelist"),
        "page of the oldest project": at("admin:backlog_project_change", old),
        "the same for its requester": at("portal:project", old),
        "question inbox": at("admin:clarifications_question_changelist"),
        "questions, closed": at("admin:clarifications_question_changelist", whose="closed"),
        "event list": at("admin:events_event_changelist"),
        "overview": at("admin:index"),
    }
    return [replace(page, name=name) for name, page in named.items()]


def timed_pages(found: list[Page]) -> dict[str, float]:
    """Return the median milliseconds of each page."""
    from benchmarks.lists import timed

    measured = {}
    for page in found:
        timed(page, "")
        measured[page.name] = 1000 * statistics.median(timed(page, "") for _ in range(TRIES))
    return measured


# -- what is shown ---------------------------------------------------------------------------------
def show_tables(
    before: dict[str, Any], after: dict[str, Any], written_anew: dict[str, int], a_day: int, keep: int
) -> None:
    """Print rows and megabytes of each table that has some, before and after."""
    heads = ("rows before", "rows after", "MB before", "MB after", "MB at 10,000 a day")
    print(f"\n{'table':<30}" + "".join(f"{head:>19}" for head in heads))
    for name in sorted(before["sizes"], key=lambda name: -before["sizes"][name]):
        counted = before["rows"].get(name, 0)
        if before["sizes"][name] > MB:
            cells = (counted, after["rows"].get(name, 0), before["sizes"][name] / MB, after["sizes"][name] / MB)
            scaled = before["sizes"][name] / MB * CARD_RATE / a_day
            print(f"{name:<30}" + "".join(f"{cell:>19,.0f}" for cell in (*cells, scaled)))
    print(f"\nMB after: PostgreSQL keeps the room of deleted rows, and uses it again. Events are kept for {keep} days.")
    for name in ("events_event", "webhooks_delivery"):
        print(f"{name}: {written_anew[name] / MB:,.0f} MB if written anew with 30 days more (VACUUM FULL)")


def show_pages(found: list[Page], before: dict[str, float], after: dict[str, float]) -> None:
    """Print the median of each page before and after."""
    print(f"\n{'page':<30}{'before':>12}{'after':>12}{'ratio':>8}")
    for page in found:
        first, then = before[page.name], after[page.name]
        print(f"{page.name:<30}{first:>9.1f} ms{then:>9.1f} ms{then / first:>8.2f}")


def show_figures(
    a_day: int,
    seconds: dict[str, tuple[int, float, float]],
    archive: int,
    before: dict[str, Any],
    after: dict[str, Any],
    reused: dict[str, int],
    calm: list[float],
    busy: list[float],
) -> None:
    """Publish the figures that count."""
    moved, spent, processor = seconds["events of ended projects"]
    growth = (reused["events_event"] - after["sizes"]["events_event"]) / MB
    of_a_day = CARD_RATE * EVENTS_A_PROJECT / moved
    slowest = max(before["pages"], key=lambda name: after["pages"][name] / before["pages"][name])
    publish(
        [
            Figure("events moved to archives", moved / spent, "rows/s"),
            Figure(f"time for a day of {CARD_RATE:,} projects", spent * of_a_day, "s"),
            Figure("processor time of that in the process that prunes", processor * of_a_day, "s"),
            Figure("archives of that day", archive * of_a_day / MB, "MB"),
            Figure(
                "growth of the ledger in 30 days more", growth, "MB", before["sizes"]["events_event"] / MB, "before"
            ),
            Figure("opening a request while pruning, median", middle(busy), "ms", middle(calm), "at rest"),
            Figure("the slowest of them", max(busy), "ms", max(calm), "at rest"),
            Figure(f"{slowest}, after", after["pages"][slowest], "ms", before["pages"][slowest], "before"),
        ]
    )


def middle(times: list[float]) -> float:
    """Return the median."""
    return statistics.median(times)


if __name__ == "__main__":
    main()
