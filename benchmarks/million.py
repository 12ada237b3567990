"""A spreadsheet of a million rows, and of ten million: how fast it is read, and how long it takes from file to report.

Run by `make bench`. The files are made here, always the same, in a temporary folder. The programs of a comparison run
in turn. Time is counted from the call that reads the file, with the start of the process that it starts, and for polars
with its import; the memory is the most that a process of the program used. polars does by itself what the reading does:
texts and categories without spaces around them, durations as numbers, the sum of each category, and how often each text
comes.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.figures import Figure, publish
from benchmarks.meter import processor_ms, resident
from benchmarks.stage import ROOT, prepared_stage
from benchmarks.subjects import Subject, environment, product

ROWS = 1_000_000
MOST_SHOWN = 6
# Row by row only this part of the file is read, one row in so many.
PART = 10
INTAKE = ("intake", "--wait", "--json", "--currency", "EUR", "--set", "hourly_rate=45", "--set", "period.type=month")
VERBS = ("Check", "Enter", "Review", "File", "Print", "Scan", "Approve", "Send")
THINGS = ("invoice", "order", "contract", "report", "ticket", "claim", "offer", "delivery note")
HEADER = "Date,Task,Category,Duration (min)\n"
POLARS = """
import os, sys, time
began = time.perf_counter()
os.nice(10)  # as the process that reads an upload
import polars as pl
rows = pl.scan_csv(sys.argv[1], infer_schema=False).select(
    pl.col("Task").str.strip_chars(), pl.col("Category").str.strip_chars(),
    minutes=pl.col("Duration (min)").str.strip_chars().cast(pl.Float64),
)
sums = rows.group_by("Category").agg(pl.len(), pl.col("minutes").sum())
texts = rows.group_by("Task").agg(pl.len(), pl.col("minutes").sum()).filter(pl.col("len") > 1)
sums, texts = pl.collect_all([sums, texts], engine="streaming")
print(sums["len"].sum(), round(sums["minutes"].sum() * 60_000), time.perf_counter() - began)
"""
BY_COLUMNS = """
import sys
from pathlib import Path
from intake.inspection import inspect_file
began = time.perf_counter()
found = inspect_file(Path(sys.argv[1]))
print(found.rows, found.milliseconds, time.perf_counter() - began)
"""
CAREFULLY = """
import sys
from pathlib import Path
from intake.spreadsheets.outside import read_rows
began = time.perf_counter()
ingested, total = read_rows(Path(sys.argv[1])), 0
for row in ingested:
    total += ingested.milliseconds
print(ingested.rows_read, total, time.perf_counter() - began)
"""
STORED = """
import sys
from pathlib import Path
from intake.submitting import read_file
began = time.perf_counter()
print(read_file(Path(sys.argv[1])).report["rows_read"], 0, time.perf_counter() - began)
"""
SETUP = "import time, django\ndjango.setup()\n"


def main() -> None:
    """Make the files, measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--large", type=int, default=10 * ROWS, help="rows of the large file, 0 for none")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as name:
        folder = Path(name)
        file = folder / "work.csv"
        make_file(file, options.rows)
        publish([*reading(file, options.rows, options.rounds)])
        publish([*whole_way(file)])
        if options.large:
            file.unlink()
            make_file(file, options.large)
            publish([*large(file, options.large, options.rows)])


def make_file(path: Path, rows: int) -> None:
    """Write a table of so many rows: one row in a thousand has a duration that is no plain number."""
    chance = random.Random(7)
    with path.open("w") as file:
        file.write(HEADER)
        for row in range(rows):
            text = f"{chance.choice(VERBS)} {chance.choice(THINGS)} {chance.randrange(5000)}"
            minutes = f"{chance.randrange(1, 9000) / 100:g}" if row % 1000 else "1h 15m"
            file.write(f"2026-03-{1 + row % 28:02d},{text},Department {chance.randrange(30)},{minutes}\n")


def reading(file: Path, rows: int, rounds: int) -> Iterator[Figure]:
    """Yield rows a second by columns beside polars, the reading by rows of a part of the file, and the memory."""
    clean, part = file.with_name("clean.csv"), file.with_name("part.csv")
    with file.open() as lines, clean.open("w") as plain, part.open("w") as first:
        for number, line in enumerate(lines):
            plain.write(line.replace("1h 15m", "75"))
            if number <= rows // PART:
                first.write(line)
    programs = {"columns": (SETUP + BY_COLUMNS, file), "polars": (POLARS, clean), "rows": (SETUP + CAREFULLY, part)}
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, (program, path) in programs.items():
            runs[name].append(Run(program, path))
    require_same(run.words for name in ("columns", "polars") for run in runs[name])
    rates = {name: rows / statistics.median(run.seconds for run in found) for name, found in runs.items()}
    memory = {name: max(run.megabytes for run in found) for name, found in runs.items()}
    yield Figure(f"reading {rows:,} rows by columns", rates["columns"], "rows/s", rates["polars"], "polars")
    yield Figure("reading row by row", rates["rows"] / PART, "rows/s", rates["polars"], "polars")
    yield Figure("memory of the reading by columns", memory["columns"], "MB", memory["polars"], "polars")


class Run:
    """One run of a Python program over a file: what it printed, its seconds, and the most memory of a process of it."""

    def __init__(self, program: str, path: Path, folder: Path | None = None) -> None:
        watched = f"{program}\nimport json, resource\n{MEMORY}"
        variables = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(folder or path.parent / "data")}
        done = subprocess.run(
            [sys.executable, "-c", watched, str(path)],
            cwd=ROOT,
            env={**os.environ, **variables, **LIMITS},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        *printed, memory = done.stdout.splitlines()
        *self.words, seconds = printed[-1].split()
        self.seconds, self.megabytes = float(seconds), json.loads(memory) / 1024


MEMORY = "print(max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))"
# The files are beyond what uploads may have unless an installation allows it.
LIMITS = {
    "SPREADSHEET_MOST_MB": "1024",
    "SPREADSHEET_MOST_ROWS": "20000000",
    "SPREADSHEET_MOST_UNPACKED_MB": "2048",
    "SPREADSHEET_SECONDS": "600",
}


def require_same(found: Iterator[list[str]]) -> None:
    """Raise SystemExit unless all counted the same rows and milliseconds."""
    if len(sums := {tuple(words) for words in found}) != 1:
        raise SystemExit(f"The sums differ: {sums}")


def large(file: Path, rows: int, before: int) -> Iterator[Figure]:
    """Yield the rate and the memory of a much larger file, read into its sums and into Parquet."""
    for name, program in (("sums", BY_COLUMNS), ("Parquet", STORED)):
        run = Run(SETUP + program, file)
        yield Figure(f"reading {rows:,} rows into {name}", rows / run.seconds, "rows/s")
        yield Figure(f"memory for {name}", run.megabytes, "MB")


def whole_way(file: Path) -> Iterator[Figure]:
    """Yield the seconds from the command with the file to the project that is DONE, and the memory of the processes."""
    with prepared_stage() as stage, product(stage) as subject, subject.started():
        memory = Memory(subject)
        memory.start()
        before = sum(processor_ms(process.pid) for process in subject.running)
        seconds, own = timed(
            [sys.executable, "manage.py", *INTAKE, "--file", str(file)], {**environment(stage, subject.name), **LIMITS}
        )
        memory.stop()
        spent = (sum(processor_ms(process.pid) for process in subject.running) - before) / 1000 + own
    yield Figure("from the file to the report", seconds, "s", spent, "s of processor time")
    for name, megabytes in sorted(memory.most.items(), key=lambda entry: -entry[1])[:MOST_SHOWN]:
        yield Figure(f"most memory of {name}", megabytes, "MB")


def timed(command: list[str], variables: dict[str, str]) -> tuple[float, float]:
    """Run the command; return its seconds, and the processor time of it and its children. Raises CalledProcessError."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, spent


class Memory(threading.Thread):
    """Watches how much memory each process of the subject has; `most` has the largest figure of each in MB."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(daemon=True)
        self.most: dict[str, float] = {}
        self._subject, self._stopping = subject, threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(0.1):
            with suppress(OSError, IndexError):  # a process has just ended
                for process, megabytes in resident(self._subject).items():
                    # The processes of agents have no name, and a limit of memory as their last argument.
                    name = "agents" if process.isdigit() else process
                    self.most[name] = max(megabytes, self.most.get(name, 0))

    def stop(self) -> None:
        """Look no longer."""
        self._stopping.set()
        self.join()


if __name__ == "__main__":
    main()
