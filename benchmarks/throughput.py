"""Projects a second and what each costs, beside a bare loop in the same run, and the memory of each process.

Run on PostgreSQL: `make bench`. Two workflows: three items that wait for nothing, and the same with one question and
its answer. Product and bare loop take turns on the same servers; medians of the rounds are shown.
"""

import argparse
from collections.abc import Callable
from statistics import median

from benchmarks.figures import Figure, publish
from benchmarks.load import Load
from benchmarks.meter import Costs, measured, resident
from benchmarks.stage import prepared_stage
from benchmarks.subjects import Subject, bare_loop, product
from benchmarks.wire import ASKING, PLAIN

KINDS = {"three items": PLAIN, "one question": ASKING}
WARM_UP = 60
# A name, what is shown, its unit.
SHOWN: tuple[tuple[str, Callable[[Costs], float], str], ...] = (
    ("rate", lambda costs: costs.rate, "projects/s"),
    ("processor, its processes", lambda costs: costs.own_ms / costs.projects, "ms"),
    ("processor, PostgreSQL", lambda costs: costs.postgres_ms / costs.projects, "ms"),
    ("statements", lambda costs: costs.statements / costs.projects, ""),
    ("foreign key checks of PostgreSQL", lambda costs: costs.key_checks / costs.projects, ""),
    ("WAL", lambda costs: costs.wal / 1000 / costs.projects, "kB"),
    ("stream entries", lambda costs: costs.entries / costs.projects, ""),
)
Rounds = dict[tuple[str, str], list[Costs]]


def main() -> None:
    """Start both, let them take turns, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000, help="in each turn")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with prepared_stage() as stage, product(stage) as own, bare_loop(stage) as bare, own.started(), bare.started():
        rounds = take_turns([own, bare], options.projects, options.rounds)
        memory = [Figure(f"memory, {name}", size, "MB") for name, size in resident(own).items()]
        publish(figures(rounds) + memory)


def take_turns(subjects: list[Subject], projects: int, rounds: int) -> Rounds:
    """Return the costs of each round, by subject and workflow; who begins changes from round to round."""
    loads = {subject.name: Load(subject) for subject in subjects}
    for load in loads.values():
        for kind in KINDS.values():
            load.run(kind, WARM_UP)
    costs: Rounds = {}
    for turn in range(rounds):
        for name, kind in KINDS.items():
            for subject in subjects if turn % 2 else reversed(subjects):
                spent = measured(loads[subject.name], kind, projects)
                costs.setdefault((subject.name, name), []).append(spent)
                print(
                    f"{name}, {subject.name}: {spent.rate:.0f} projects/s, {spent.cpu:.1f} ms of CPU each", flush=True
                )
    return costs


def figures(rounds: Rounds) -> list[Figure]:
    """Return the medians of the product beside those of the bare loop."""
    return [
        Figure(
            f"{kind}, {what}",
            *(median(map(of, rounds["product", kind])), unit),
            median(map(of, rounds["bare_loop", kind])),
            "bare loop",
        )
        for kind in KINDS
        for what, of, unit in SHOWN
    ]


if __name__ == "__main__":
    main()
