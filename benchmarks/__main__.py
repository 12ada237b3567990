"""Every measurement, one after the other, and one table of all figures at the end: `make bench`.

Each measurement is a module that also runs alone, with options of its own (`python -m benchmarks.outage --help`). A
figure stands beside another one of the same run, since those of another machine or another hour say little.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import FILE, published, table
from runtime.processes import tied_to_parent
from tests.servers import end

QUICK = "--quick"


@dataclass(frozen=True)
class Measurement:
    """A module of this package, and its options where all have to end within about three minutes."""

    name: str
    quick: str
    on_postgres: bool = True


MEASUREMENTS = (
    Measurement("throughput", "--projects 200 --rounds 1"),
    Measurement("latency", "--answers 20"),
    Measurement("pairs", "--projects 150 --rounds 1"),
    Measurement("signing", "--projects 150 --rounds 1"),
    Measurement("outage", "--drain 400 --steady 200"),
    Measurement("history", "--scale 1000,20000 --projects 150 --rounds 1"),
    Measurement("lists", "--items 10000 --tries 5"),
    Measurement("year", "--a-day 4"),
    Measurement("answering", "--tries 3", on_postgres=False),
    Measurement("million", "--large 0 --rounds 1"),
    Measurement("clustering", "--texts 20000 --sample 1000", on_postgres=False),
    Measurement("hostile", "--seconds 4 --rounds 2", on_postgres=False),
    Measurement("rest", "--seconds 1 --questions 600"),
)


def main() -> None:
    """Run the measurements and print the table; exit with 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(QUICK, action="store_true", help="small sizes: three minutes instead of fifteen")
    parser.add_argument(
        "--only", nargs="+", choices=[m.name for m in MEASUREMENTS], metavar="NAME", help="of: %(choices)s"
    )
    parser.add_argument("--drain", type=int, help="requests that wait in `outage`")
    parser.add_argument("--scale", help="old projects in `history`, with commas")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    chosen = [m for m in MEASUREMENTS if not options.only or m.name in options.only]
    sizes = {"outage": given("--drain", options.drain), "history": given("--scale", options.scale)}
    with tempfile.NamedTemporaryFile(prefix="interlock-bench-") as file:
        words = {m.name: [*(m.quick.split() if options.quick else ()), *sizes.get(m.name, ())] for m in chosen}
        try:
            failed = [m.name for m in chosen if not run(m, words[m.name], file.name)]
        finally:  # a run that is broken off shows what it has
            print(f"\n{table(published(Path(file.name)))}", flush=True)
    if failed:
        raise SystemExit(f"\nNot measured: {', '.join(failed)}; the reason stands above.")


def given(option: str, value: object) -> list[str]:
    """Return the option as words of a command line; none if it has no value."""
    return [] if value is None else [option, str(value)]


def run(measurement: Measurement, options: list[str], file: str) -> bool:
    """Run the measurement, which adds its figures to the file; return whether it succeeded."""
    environment = {**os.environ, FILE: file}
    if not measurement.on_postgres:
        environment.pop("DATABASE_URL", None)
    print(f"\n-- {' '.join([measurement.name, *options])}", flush=True)
    started = time.perf_counter()
    command = [sys.executable, "-m", f"benchmarks.{measurement.name}", *options]
    process = subprocess.Popen(tied_to_parent(command), env=environment)
    try:
        succeeded = process.wait() == 0
    finally:
        end(process)
    print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    return succeeded


if __name__ == "__main__":
    main()
