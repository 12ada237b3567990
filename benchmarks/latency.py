"""From an answer on the log until the item that waited for it is DONE, on a system that is idle otherwise.

Run on PostgreSQL: `make bench`. Product and bare loop get an answer in turn. The clock runs from before the answer is
added to the log until the load reads there that the item is done.
"""

import argparse
import random
import statistics
import time
from math import ceil
from typing import Any

from benchmarks.figures import Figure, publish
from benchmarks.load import Load, open_questions
from benchmarks.stage import prepared_stage, wait_until
from benchmarks.subjects import START_SECONDS, bare_loop, product
from benchmarks.wire import ASKING, ITEM_DONE, answer, request

WARM_UP = 20
MOST_SECONDS = 20
# Between two answers, so that none falls in step with a loop of the system's.
PAUSE_SECONDS = (0.03, 0.12)


def main() -> None:
    """Have both wait for so many answers, give them one by one, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200, help="to each of the two")
    options = parser.parse_args()
    with prepared_stage() as stage, product(stage) as own, bare_loop(stage) as bare, own.started(), bare.started():
        loads = [Load(own), Load(bare)]
        times = [
            [seconds * 1000 for seconds in column] for column in zip(*in_turn(loads, options.answers), strict=True)
        ]
    publish(
        [
            Figure(f"answer → DONE, {name}", of(times[0]), "ms", of(times[1]), "bare loop")
            for name, of in (("median", statistics.median), ("99th percentile", worst))
        ]
    )


def in_turn(loads: list[Load], count: int) -> list[list[float]]:
    """Return the seconds that each answer took, a list with one figure a load for each turn."""
    waiting = [asked(load, count + WARM_UP) for load in loads]
    turns = [
        [answered(load, *open_ones.pop()) for load, open_ones in zip(loads, waiting, strict=True)]
        for _ in range(count + WARM_UP)
    ]
    return turns[WARM_UP:]


def asked(load: Load, count: int) -> list[tuple[str, str]]:
    """Return project and question of so many new projects whose other items are done."""
    last = last_entry(load)
    load.add([request(ASKING) for _ in range(count)])
    wait_until(lambda: len(open_questions(load.database, load.subject)) == count, START_SECONDS)
    done = 0
    while done < 2 * count:
        last, more = read_done(load, last)
        done += len(more)
    return list(open_questions(load.database, load.subject))


def answered(load: Load, project: str, question: str) -> float:
    """Return the seconds until the item that waited for this question is done."""
    time.sleep(random.uniform(*PAUSE_SECONDS))
    last, entry = last_entry(load), answer(project, question)
    started = time.perf_counter()
    load.add([entry])
    done: list[str] = []
    while project not in done:
        last, done = read_done(load, last)
    return time.perf_counter() - started


def last_entry(load: Load) -> str:
    """Return the id of the newest entry of the log."""
    found: Any = load.broker.xrevrange(load.subject.log, count=1)
    return found[0][0].decode() if found else "0"


def read_done(load: Load, last: str) -> tuple[str, list[str]]:
    """Return the id of the last entry read and the projects of the items done since `last`. Raises SystemExit."""
    found: Any = load.broker.xread({load.subject.log: last}, block=MOST_SECONDS * 1000)
    if not found:
        raise SystemExit(f"{load.subject.name} did nothing for {MOST_SECONDS} s.")
    entries = found[0][1]
    done = [said[b"project"].decode() for _, said in entries if said[b"type"] == ITEM_DONE.encode()]
    return entries[-1][0].decode(), done


def worst(values: list[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[ceil(0.99 * len(values)) - 1]


if __name__ == "__main__":
    main()
