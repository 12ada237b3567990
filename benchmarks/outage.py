"""How fast requests drain that waited for a system that was away, and whether each event was published once.

Run on PostgreSQL: `make bench`. The steady rate is that of the same system before it is stopped. While it is away the
requests are added to the log; the drain is counted from the first entry that the restarted system reads.
"""

import argparse
import time
from datetime import datetime
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.load import Load
from benchmarks.meter import entries_added
from benchmarks.stage import prepared_stage, wait_until
from benchmarks.subjects import START_SECONDS, Subject, product
from benchmarks.throughput import WARM_UP
from benchmarks.wire import DISPATCHED, PLAIN, request

REST_SECONDS = 2.0
EVENTS = f"SELECT count(*), count(*) FILTER (WHERE type = '{DISPATCHED}') FROM events_event"
Counts = tuple[int, int, int]


def main() -> None:
    """Measure the steady rate, take the system away, let requests wait, start it again, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drain", type=int, default=2000, help="requests that wait")
    parser.add_argument("--steady", type=int, default=1000, help="projects that the steady rate is measured with")
    options = parser.parse_args()
    with prepared_stage() as stage, product(stage) as subject:
        load = Load(subject)
        with subject.started():
            load.run(PLAIN, WARM_UP)
            steady = options.steady / load.run(PLAIN, options.steady)
            at_rest(load)
        before, since = counts(load), load.now()
        load.add([request(PLAIN) for _ in range(options.drain)])
        try:
            waits = drained(subject, load, since, options.drain)
            after = at_rest(load)
        finally:
            subject.stop()
    publish(figures(options.drain, steady, waits, [now - then for now, then in zip(after, before, strict=True)]))


def drained(subject: Subject, load: Load, since: datetime, count: int) -> tuple[float, float, float]:
    """Start the system; return the seconds until it reads the first entry, until the first DONE, and until the last."""
    left_off, started = reading_positions(load), time.perf_counter()
    subject.start()
    wait_until(lambda: reading_positions(load) != left_off, START_SECONDS)
    read = time.perf_counter() - started
    load.wait_until_finished(since, 1)
    first = time.perf_counter() - started
    load.wait_until_finished(since, count)
    return read, first, time.perf_counter() - started


def reading_positions(load: Load) -> list[Any]:
    """Return the last entry that the group of the orchestrator was given."""
    groups: Any = load.broker.xinfo_groups(load.subject.log)
    return [group["last-delivered-id"] for group in groups if group["name"] == b"orchestrator"]


def at_rest(load: Load) -> Counts:
    """Return the counts once they have not changed for two seconds."""
    found, since = counts(load), time.monotonic()
    while time.monotonic() - since < REST_SECONDS:
        time.sleep(0.1)
        if (now := counts(load)) != found:
            found, since = now, time.monotonic()
    return found


def counts(load: Load) -> Counts:
    """Return how many entries the streams got, and how many events and dispatches are in the ledger."""
    entries = sum(entries_added(load.subject.stage, stream) for stream in (load.subject.log, load.subject.work))
    events, dispatches = load.database.execute(EVENTS).fetchone() or (0, 0)
    return entries, int(str(events)), int(str(dispatches))


def figures(drain: int, steady: float, waits: tuple[float, float, float], added: list[int]) -> list[Figure]:
    """Return the rate, the waits and the entries."""
    read, first, last = waits
    entries, events, dispatches = added
    return [
        Figure(f"drain of {drain:,} requests", drain / (last - read), "projects/s", steady, "steady"),
        Figure("drain, from the start to the first DONE", first, "s", read, "to the first entry read"),
        Figure("drain, entries", entries, "", events + dispatches, "events and dispatches"),
    ]


if __name__ == "__main__":
    main()
