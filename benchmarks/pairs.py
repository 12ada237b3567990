"""What a second orchestrator and a second worker add to one of each, on one machine.

Run on PostgreSQL: `make bench`. The second pair is started and stopped again each round, beside the same system.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.load import Load
from benchmarks.stage import prepared_stage, wait_until
from benchmarks.subjects import START_SECONDS, STOP_SECONDS, Subject, product
from benchmarks.throughput import KINDS, WARM_UP

SECOND = (
    ("manage.py", "consume", "orchestrator", "--slot", "2"),
    ("manage.py", "work", "--all", "--slot", "2"),
)
FRESH_MILLISECONDS = 2000
Rates = dict[tuple[str, bool], list[float]]


def main() -> None:
    """Measure without and with the second pair, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=600, help="in each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rates: Rates = {}
    with prepared_stage() as stage, product(stage) as subject, subject.started():
        load = Load(subject)
        for kind in KINDS.values():
            load.run(kind, WARM_UP)
        for _ in range(options.rounds):
            measure(load, options.projects, rates, paired=False)
            with second_pair(load):
                measure(load, options.projects, rates, paired=True)
    name = f"rate of two orchestrators and two workers on {os.cpu_count()} cores"
    publish(
        [
            Figure(
                f"{kind}, {name}", median(rates[kind, True]), "projects/s", median(rates[kind, False]), "one of each"
            )
            for kind in KINDS
        ]
    )


def measure(load: Load, projects: int, rates: Rates, *, paired: bool) -> None:
    """Add the rate of each workflow."""
    for name, kind in KINDS.items():
        rate = projects / load.run(kind, projects)
        rates.setdefault((name, paired), []).append(rate)
        print(f"{name}, {'two' if paired else 'one'} of each: {rate:.0f} projects/s", flush=True)


@contextmanager
def second_pair(load: Load) -> Iterator[None]:
    """Run the second orchestrator and the second worker inside the block."""
    subject = load.subject
    environment = {**os.environ, **subject.environment}
    processes = [subject.launch(command, environment) for command in SECOND]
    try:
        wait_until(
            lambda: all(is_reading(subject, name) for name in ("orchestrator-2", "generic_worker-2")), START_SECONDS
        )
        for kind in KINDS.values():
            load.run(kind, WARM_UP)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(STOP_SECONDS)


def is_reading(subject: Subject, name: str) -> bool:
    """Return whether a consumer of this name asked for entries in the last two seconds."""
    broker = subject.stage.redis()
    for stream in (subject.log, subject.work):
        groups: Any = broker.xinfo_groups(stream)
        for group in groups:
            consumers: Any = broker.xinfo_consumers(stream, group["name"])
            if any(c["name"].decode() == name and c["idle"] < FRESH_MILLISECONDS for c in consumers):
                return True
    return False


if __name__ == "__main__":
    main()
