"""A year of work, and what pruning leaves of it: the size of each table, how long it takes, and whether pages notice.

Run on PostgreSQL: `make bench ARGS="--only year"`. The server makes the rows by itself: of each project three items,
22 events, a deliverable, its context, deliveries to a webhook, and the smaller things in proportion. They are as many
a day as --a-day says; what 10,000 a day would take is computed from it, in proportion, and said to be. Events are kept
for --keep days here, so that most of the year is due.

Pages are asked for in turn from the pruned database and from a copy that was made before. While a round goes on as the
system makes it, with its rests, requests are opened at a steady rate: their times stand beside those at rest.
"""

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.figures import Figure, publish
from benchmarks.lists import SIZES as SIZES_OF_PAGES
from benchmarks.lists import Page, create_database, prepare, prepared, timed

DAYS, CARD_RATE = 365, 10_000
EVENTS_A_PROJECT = 22
TRIES = 15
# The databases whose pages are compared, as `benchmarks.lists` calls a smaller and a larger one.
PRUNED, WHOLE = SIZES_OF_PAGES
# Requests a second that are opened at rest, and during a round.
PROBES_A_SECOND = 5
PROBE_SECONDS = 20
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
    """Fill, keep a copy of the database as it is, prune, ask for each page in turn from both, and print."""
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.year_of_work import Year, fill_year
    from runtime.pruning import kinds, weigh

    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    fill_year(Year(a_day=a_day, days=DAYS), folder)
    print(f"{a_day * DAYS:,} projects in {DAYS} days, {a_day} a day; filled in {time.perf_counter() - started:.0f} s")
    use = with_a_copy(connections["default"])
    before = State(sizes(), rows())
    calm = probed(lambda: time.sleep(PROBE_SECONDS))
    for outcome in weigh(kinds()):
        if outcome.removed.rows:
            print(f"  due: {outcome.name:<28}{outcome.removed.rows:>12,}", flush=True)
    busy = probed(prune_quietly)
    seconds = pruned()
    after = State(sizes(), rows())
    found = timed_pages(use)
    execute("VACUUM (ANALYZE)")
    fill_year(Year(a_day=a_day, days=30, first=a_day * DAYS), folder)
    growth = (sizes()["events_event"] - after.sizes["events_event"]) / MB
    show_tables(before, after, a_day, keep)
    show_pages(found)
    grown = Figure("growth of the ledger in 30 days more", growth, "MB", before.sizes["events_event"] / MB, "before")
    moved = figures_of_moving(seconds["events of ended projects"], before.less(after, "events_event"), folder)
    publish([*moved, grown, *figures_of_waiting(calm, busy, found)])


def figures_of_moving(moving: tuple[int, float, float], events: float, folder: Path) -> list[Figure]:
    """What it takes to move a day's events to archives, of the rows moved, the seconds and the processor's seconds."""
    moved, spent, processor = moving
    archive = sum(path.stat().st_size for path in (folder / "archive").rglob("*.gz"))
    of_a_day = CARD_RATE * EVENTS_A_PROJECT
    return [
        Figure("events moved to archives", moved / spent, "rows/s"),
        Figure(f"events of a day of {CARD_RATE:,} projects moved in", of_a_day * spent / moved, "s"),
        Figure("processor time for it in the process that prunes", of_a_day * processor / moved, "s"),
        Figure("archives of that day", archive / events * of_a_day / MB, "MB"),
    ]


def figures_of_waiting(calm: list[float], busy: list[float], found: list[Page]) -> list[Figure]:
    """How long a request takes to be opened during a round, in milliseconds, and the page that lost the most."""
    slowest = max(found, key=lambda page: page.median(PRUNED) / page.median(WHOLE))
    return [
        Figure("opening a request during a round, median", middle(busy), "ms", middle(calm), "at rest"),
        Figure("the slowest of them", max(busy), "ms", max(calm), "at rest"),
        Figure(f"{slowest.name}, pruned", slowest.median(PRUNED), "ms", slowest.median(WHOLE), "before"),
    ]


@dataclass(frozen=True)
class State:
    """The bytes and the rows of each table."""

    sizes: dict[str, int]
    rows: dict[str, int]

    def less(self, other: "State", table: str) -> int:
        """Return how many rows of the table the other state has less."""
        return self.rows[table] - other.rows[table]


def with_a_copy(first: Any) -> Callable[[str], None]:
    """Copy the database as it is; what is returned makes the copy (WHOLE) or the other one (PRUNED) the one in use."""
    from django.db import connections

    settings = first.settings_dict
    first.close()
    create_database(first, "whole", settings["NAME"])
    opened = {PRUNED: first, WHOLE: type(first)({**settings, "NAME": "whole"}, "default")}
    return lambda name: connections.__setitem__("default", opened[name])


def prune_quietly() -> None:
    """Prune as the system does by itself, with rests, for some seconds: far from all is done then."""
    from runtime.pruning import REST, kinds, prune

    until = time.monotonic() + PROBE_SECONDS

    def rest(seconds: float) -> bool:
        time.sleep(REST * seconds)
        return time.monotonic() < until

    list(prune(kinds(), by="benchmark", rest=rest))


def pruned() -> dict[str, tuple[int, float, float]]:
    """Prune all that is left, without rests.

    Returns rows, seconds and seconds of processor time of this process by kind. Raises SystemExit if a kind fails.
    """
    from runtime.pruning import kinds, prune

    found, spent = {}, time.thread_time()
    for outcome in prune(kinds(), by="benchmark"):
        if outcome.error:
            raise SystemExit(f"{outcome.name}: {outcome.error}")
        if outcome.removed.rows:
            found[outcome.name] = (outcome.removed.rows, outcome.seconds, time.thread_time() - spent)
            print(f"  pruned: {outcome.name:<25}{outcome.removed.rows:>12,} in {outcome.seconds:.1f} s", flush=True)
        spent = time.thread_time()
    return found


# -- others who work meanwhile ---------------------------------------------------------------------
def probed(meanwhile: Callable[[], object]) -> list[float]:
    """Return the times of requests that are opened while the call goes on."""
    stopping, times = threading.Event(), list[float]()
    probing = threading.Thread(target=probe, args=(stopping, times))
    probing.start()
    try:
        meanwhile()
    finally:
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
def execute(statement: str) -> list[Any]:
    """Execute the statement; return its rows, if it has some."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def sizes() -> dict[str, int]:
    """Return the bytes of each table with its indexes and long values."""
    execute("CHECKPOINT")
    return dict(execute(SIZES))


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
        return Page(name, "ann", lambda: url)

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


def timed_pages(use: Callable[[str], None]) -> list[Page]:
    """Ask for each page in turn from both databases, so that what else the machine does counts for both."""
    found = pages()
    for size in SIZES_OF_PAGES:
        use(size)
        for page in found:
            prepare(page, size)
    for turn in range(TRIES):
        for page in found:
            for size in SIZES_OF_PAGES if turn % 2 else reversed(SIZES_OF_PAGES):
                use(size)
                page.seconds[size].append(timed(page, size))
    use(PRUNED)
    return found


# -- what is shown ---------------------------------------------------------------------------------
def show_tables(before: State, after: State, a_day: int, keep: int) -> None:
    """Print rows and megabytes of each table that has some, before and after."""
    heads = ("rows before", "rows after", "MB before", "MB after", f"MB at {CARD_RATE:,} a day")
    print(f"\n{'table':<30}" + "".join(f"{head:>19}" for head in heads))
    for name in sorted(before.sizes, key=lambda name: -before.sizes[name]):
        if before.sizes[name] > MB:
            megabytes = before.sizes[name] / MB
            counts = (before.rows.get(name, 0), after.rows.get(name, 0))
            cells = (*counts, megabytes, after.sizes[name] / MB, megabytes * CARD_RATE / a_day)
            print(f"{name:<30}" + "".join(f"{cell:>19,.0f}" for cell in cells))
    print(f"MB after: PostgreSQL keeps the room of deleted rows, and uses it again. Events are kept for {keep} days.")
    print(f"MB at {CARD_RATE:,} a day: of a year without pruning, in proportion; nobody has measured that many.")


def show_pages(found: list[Page]) -> None:
    """Print the median of each page, of the database as it was and of the pruned one."""
    print(f"\n{'page':<30}{'before':>12}{'pruned':>12}{'ratio':>8}")
    for page in found:
        first, then = page.median(WHOLE), page.median(PRUNED)
        print(f"{page.name:<30}{first:>9.1f} ms{then:>9.1f} ms{then / first:>8.2f}")


def middle(times: list[float]) -> float:
    """Return the median."""
    return statistics.median(times)


if __name__ == "__main__":
    main()
