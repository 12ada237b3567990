"""How long the pages take with a thousand items and with a million, side by side on one PostgreSQL.

Run on PostgreSQL: `make bench`. Two databases with the same kind of work, the larger one a thousand times the smaller;
each page is asked for in turn from both. Events: one an item, where a running system has about ten.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure, publish

if TYPE_CHECKING:
    from django.test import Client

    from benchmarks.seeding import Size

SIZES = ("small", "large")
WARM_UPS = 3
BAR = 2.0
SLOW_SECONDS = 0.004
# How a table's row and a card begin.
ROWS = (b"<tr", b'<li class="card"')


@dataclass
class Page:
    """One page and who asks for it; per database its address, its rows and queries, and the seconds of each try."""

    name: str
    person: str
    address: Callable[[], str]
    urls: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})

    def median(self, size: str) -> float:
        """In milliseconds."""
        return 1000 * statistics.median(self.seconds[size])

    def worst(self, size: str) -> float:
        """The 99th percentile in milliseconds."""
        tries = sorted(self.seconds[size])
        return 1000 * tries[ceil(0.99 * len(tries)) - 1]

    @property
    def ratio(self) -> float:
        """How many times as long the large database takes."""
        return self.median("large") / self.median("small")


def main() -> None:
    """Read the command line, fill two databases, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000, help="in the larger database")
    parser.add_argument("--fewer-items", type=int, default=1_000, help="in the smaller one")
    parser.add_argument("--open", type=float, default=5, metavar="PERCENT", help="of the questions")
    parser.add_argument(
        "--least", type=int, default=65, help="open questions and dead letters, so that the smaller lists fill a page"
    )
    parser.add_argument("--tries", type=int, default=30)
    parser.add_argument("--explain", action="store_true", help="show the plans of the slow statements")
    options = parser.parse_args()
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        raise SystemExit("This needs PostgreSQL: run `make bench`.")
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        os.environ |= {"DATA_DIR": folder, "REDIS_URL": "", "LOG_LEVEL": "ERROR"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        with prepared(Path(folder)):
            measure(options)


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Django, and a broker whose groups have read everything."""
    import django

    from runtime.embedded import EmbeddedValkey

    with EmbeddedValkey(folder / "valkey"):
        django.setup()
        from django.conf import settings

        from benchmarks.seeding import AGENTS
        from events import streams

        for group in streams.OWNER_GROUPS:
            streams.ensure_group(settings.STREAM_NAME, group)
        for agent in AGENTS:
            streams.ensure_group(streams.work_stream(agent), streams.worker_group(agent))
        yield


def measure(options: argparse.Namespace) -> None:
    """Fill both databases, ask for each page in turn, print the figures."""
    from benchmarks.seeding import Size

    sizes = {
        size: Size.of(items, open_percent=options.open, least=options.least)
        for size, items in zip(SIZES, (options.fewer_items, options.items), strict=True)
    }
    use = databases(sizes)
    found = pages()
    for size in SIZES:
        use(size)
        for page in found:
            prepare(page, size)
    for turn in range(options.tries):
        for page in found:
            for size in SIZES if turn % 2 else reversed(SIZES):
                use(size)
                page.seconds[size].append(timed(page, size))
    report(found)
    if options.explain:
        use("large")
        explain(found)


def databases(sizes: "dict[str, Size]") -> Callable[[str], None]:
    """Both databases, filled; what is returned makes one of them the one in use."""
    from django.core.management import call_command
    from django.db import connections

    from benchmarks.seeding import seed

    call_command("migrate", verbosity=0)
    first = connections["default"]
    template = first.settings_dict["NAME"]
    first.close()
    opened = {}
    for name, size in sizes.items():
        settings = {**first.settings_dict, "NAME": name}
        create_database(first, name, template)
        opened[name] = type(first)(settings, "default")
        connections["default"] = opened[name]
        started = time.perf_counter()
        seed(size)
        print(f"{name}: {size}; filled in {time.perf_counter() - started:.0f} s", flush=True)
    return lambda name: connections.__setitem__("default", opened[name])


def create_database(connection: Any, name: str, template: str) -> None:
    """A copy of the migrated database."""
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def at(name: str, **query: str) -> Callable[[], str]:
    """A function that gives the address of the page of this name."""
    from django.urls import reverse

    return lambda: reverse(name, query=query)


def at_first(name: str, rows: Any) -> Callable[[], str]:
    """A function that gives the address of the page of the first of these rows."""
    from django.urls import reverse

    return lambda: reverse(name, args=[rows[0].pk])


def pages() -> list[Page]:
    """The lists, the overview, one project's page, one question's, and a requester's start page."""
    from backlog.models import Project
    from clarifications.models import Question

    waiting = Project.objects.filter(status="WAITING").order_by("opened_at")
    asked = Question.objects.filter(status="OPEN").order_by("asked_at")
    inbox, listed = "admin:clarifications_question_changelist", "admin:backlog_{}_changelist".format
    return [
        Page("question inbox", "ann", at(inbox)),
        Page("question inbox, all open", "ann", at(inbox, whose="all")),
        Page("question inbox, closed", "ann", at(inbox, whose="closed")),
        Page("project list", "ann", at(listed("project"))),
        Page("project list, waiting", "ann", at(listed("project"), status__exact="WAITING")),
        Page("item list", "ann", at(listed("item"))),
        Page("item list, blocked", "ann", at(listed("item"), state__exact="BLOCKED")),
        Page("dead letters list", "ann", at("admin:events_deadletter_changelist")),
        Page("event list", "ann", at("admin:events_event_changelist")),
        Page("the overview", "ann", at("admin:index")),
        Page("one project's page", "ann", at_first("admin:backlog_project_change", waiting)),
        Page("one question's page", "ann", at_first("admin:clarifications_question_change", asked)),
        Page("a requester's requests", "rita", at("portal:projects")),
    ]


def prepare(page: Page, size: str) -> None:
    """Find the page's address in the database in use, warm up, and count its rows and its queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    page.urls[size] = page.address()
    for _ in range(WARM_UPS):
        timed(page, size)
    with CaptureQueriesContext(connection) as queries:
        html = fetched(page, size)
    page.queries[size] = len(queries)
    page.rows[size] = sum(html.count(row) for row in ROWS)


def timed(page: Page, size: str) -> float:
    """The seconds that the page takes, asked for by its person."""
    browser(page.person, size)
    started = time.perf_counter()
    fetched(page, size)
    return time.perf_counter() - started


def fetched(page: Page, size: str) -> bytes:
    """The page."""
    response = browser(page.person, size).get(page.urls[size])
    assert response.status_code == 200, f"{page.name}: {response.status_code}"
    return bytes(response.content)


@cache
def browser(name: str, size: str) -> "Client":
    """A browser in which the person is signed in to the database in use, which is the one of this size."""
    from django.test import Client

    from accounts.models import User

    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username=name))
    return client


def report(found: list[Page]) -> None:
    """Print a line a page, and the verdict; “rows” are the table rows and cards that the page shows of each."""
    heads = "".join(f"{words:>12}" for words in ("small", "large", "p99 small", "p99 large"))
    print(f"\n{'page':<26}{'rows':>11}{'queries':>9}{heads}{'ratio':>7}")
    for page in found:
        rows, queries = (" / ".join(str(counts[size]) for size in SIZES) for counts in (page.rows, page.queries))
        times = [figure(size) for figure in (page.median, page.worst) for size in SIZES]
        small, large, worst_small, worst_large = (f"{milliseconds:>9.1f} ms" for milliseconds in times)
        print(f"{page.name:<26}{rows:>11}{queries:>9}{small}{large}{worst_small}{worst_large}{page.ratio:>7.2f}")
    slowest = max(found, key=lambda page: page.ratio)
    verdict = "met" if slowest.ratio <= BAR else "MISSED"
    print(f"\nLargest ratio: {slowest.ratio:.2f} ({slowest.name}); the bar is {BAR:.1f}: {verdict}.")
    name = f"page that grows most with the database: {slowest.name}"
    publish([Figure(name, slowest.median("large"), "ms", slowest.median("small"), "in the smaller")])


def explain(found: list[Page]) -> None:
    """Print the plans of the statements that take long in the larger database."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for page in found:
        with CaptureQueriesContext(connection) as queries:
            timed(page, "large")
        for query in queries.captured_queries:
            if float(query["time"]) >= SLOW_SECONDS and query["sql"].startswith("SELECT"):
                print(f"\n-- {page.name}: {query['time']} s\n{query['sql']}")
                with connection.cursor() as cursor:
                    cursor.execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"].replace("%", "%%"), [])
                    print("\n".join(line for (line,) in cursor.fetchall()))


if __name__ == "__main__":
    main()
