"""Whether a project costs the same however many there were before it.

Run on PostgreSQL: `make bench`. For each scale a database that holds so many projects done long ago, and a system on
it; all systems run, and each in turn does the same work. The smallest scale is what the others stand beside.
"""

import argparse
import time
from contextlib import ExitStack
from statistics import median

from benchmarks.figures import Figure, publish
from benchmarks.load import Load
from benchmarks.meter import Costs, measured
from benchmarks.stage import Stage, prepared_stage
from benchmarks.subjects import Subject, environment, product, run_python
from benchmarks.throughput import KINDS, WARM_UP


def main() -> None:
    """Fill a database for each scale, let the systems take turns, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="1000,100000,1000000", help="projects before, with commas")
    parser.add_argument("--projects", type=int, default=400, help="in each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    scales = [int(word) for word in options.scale.split(",")]
    with prepared_stage() as stage, ExitStack() as stack:
        subjects = {scale: stack.enter_context(product(stage, f"after_{scale}")) for scale in scales}
        for scale in scales:
            add_old_projects(stage, subjects[scale], scale)
        for subject in subjects.values():
            stack.enter_context(subject.started())
        publish(figures(take_turns(subjects, options.projects, options.rounds)))


def add_old_projects(stage: Stage, subject: Subject, scale: int) -> None:
    """Fill the subject's database; a process of its own does it, since Django knows one database a process."""
    started = time.perf_counter()
    fill = f"from benchmarks.old_projects import add_at_rest; add_at_rest({scale})"
    run_python("manage.py", "shell", "-v0", "-c", fill, variables=environment(stage, subject.name))
    words = "4 events each instead of 22, a question for one in ten"
    print(f"{scale:,} old projects ({words}): filled in {time.perf_counter() - started:.0f} s", flush=True)


def take_turns(subjects: dict[int, Subject], projects: int, rounds: int) -> dict[tuple[str, int], list[Costs]]:
    """Return the costs of each round, by workflow and scale."""
    loads = {scale: Load(subject) for scale, subject in subjects.items()}
    costs: dict[tuple[str, int], list[Costs]] = {}
    for load in loads.values():
        for kind in KINDS.values():
            load.run(kind, WARM_UP)
    for turn in range(rounds):
        for name, kind in KINDS.items():
            for scale in subjects if turn % 2 else reversed(subjects):
                spent = measured(loads[scale], kind, projects)
                costs.setdefault((name, scale), []).append(spent)
                print(
                    f"{name} after {scale:,}: {spent.rate:.0f} projects/s, {spent.cpu:.1f} ms of CPU each", flush=True
                )
    return costs


def figures(costs: dict[tuple[str, int], list[Costs]]) -> list[Figure]:
    """Return the processor time and the rate at each scale, beside the smallest scale."""
    least = min(scale for _, scale in costs)
    found = []
    for (kind, scale), rounds in costs.items():
        if scale != least:
            other = f"after {least:,}"
            first = costs[kind, least]
            cpu, rate = f"{kind}, processor after {scale:,}", f"{kind}, rate after {scale:,}"
            found.append(Figure(cpu, median(c.cpu for c in rounds), "ms", median(c.cpu for c in first), other))
            found.append(
                Figure(rate, median(c.rate for c in rounds), "projects/s", median(c.rate for c in first), other)
            )
    return found


if __name__ == "__main__":
    main()
