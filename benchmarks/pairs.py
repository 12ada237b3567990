"""What a second orchestrator and a second worker add to one of each, on one machine.

Run on PostgreSQL: `make bench`. The second pair is started and stopped again each round, beside the same system.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.load import Load
from benchmarks.meter import Costs, measured
from benchmarks.stage import prepared_stage, wait_until
from benchmarks.subjects import START_SECONDS, STOP_SECONDS, Subject, product
from benchmarks.throughput import KINDS, WARM_UP

SECOND = (
    ("manage.py", "consume", "orchestrator", "--slot", "2"),
    ("manage.py", "work", "--all", "--slot", "2"),
)
FRESH_MILLISECONDS = 2000
# A rate on a machine that others use depends on how many processes ask for their turn; what a project costs does not.
SHOWN: tuple[tuple[str, Callable[[Costs], float], str], ...] = (
    (f"rate on {os.cpu_count()} cores", lambda costs: costs.rate, "projects/s"),
    ("processor", lambda costs: costs.cpu, "ms"),
)
Turns = dict[tuple[str, bool], list[Costs]]


def main() -> None:
    """Measure without and with the second pair, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=600, help="in each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    turns: Turns = {}
    with prepared_stage() as stage, product(stage) as subject, subject.started():
        load = Load(subject)
        for kind in KINDS.values():
            load.run(kind, WARM_UP)
        for _ in range(options.rounds):
            measure(load, options.projects, turns, paired=False)
            with second_pair(load):
                measure(load, options.projects, turns, paired=True)
    publish([figure(turns, kind, *shown) for kind in KINDS for shown in SHOWN])


def figure(turns: Turns, kind: str, what: str, of: Callable[[Costs], float], unit: str) -> Figure:
    """Return the median with two of each beside that with one."""
    two, one = (median(map(of, turns[kind, paired])) for paired in (True, False))
    return Figure(f"{kind}, {what} of two orchestrators and two workers", two, unit, one, "one of each")


def measure(load: Load, projects: int, turns: Turns, *, paired: bool) -> None:
    """Add what each workflow costs."""
    for name, kind in KINDS.items():
        spent = measured(load, kind, projects)
        turns.setdefault((name, paired), []).append(spent)
        words = f"{name}, {'two' if paired else 'one'} of each"
        print(f"{words}: {spent.rate:.0f} projects/s, {spent.cpu:.1f} ms of CPU each", flush=True)


@contextmanager
def second_pair(load: Load) -> Iterator[None]:
    """Run the second orchestrator and the second worker inside the block."""
    subject = load.subject
    environment = {**os.environ, **subject.environment}
    processes = [subject.launch(command, environment) for command in SECOND]
    subject.running += processes
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
            subject.running.remove(process)


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
