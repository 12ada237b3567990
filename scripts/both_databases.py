#!/usr/bin/env python
"""Run all tests on SQLite and, at the same time, those that depend on the database on PostgreSQL too.

Arguments go to both pytests; `ON_POSTGRES=spine` runs the whole spine on PostgreSQL, as before a release. Many tests
wait for a process, a broker or a time limit: while those of one run wait, those of the other work. What the run on
PostgreSQL prints is shown when the one on SQLite has ended.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runtime.processes import tied_to_parent  # noqa: E402

PYTEST = [sys.executable, "-m", "pytest", "--durations", "10"]
# Many tests wait, most of all those that begin first: it takes nine processes to keep two cores busy.
SQLITE = ["-n", "7", "--database", "sqlite"]
POSTGRES = ["-n", "2", "--database", "postgres", "-m", os.environ.get("ON_POSTGRES", "both")]
LOOK_SECONDS = 0.2
# Collects the tests and no more: their files are compiled then, which each process would do for itself at its start.
COMPILE = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--database", "none"]
# So many changed files each process may compile: to collect all tests once more takes longer.
FEW = 20
# What pytest says when `-k` chose none.
NO_TESTS = 5


def main() -> int:
    """Run both to their end and return 0 if neither had a failure."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches both pytests too: they end, and so does this
    os.chdir(ROOT)
    with tempfile.NamedTemporaryFile("w+", prefix="interlock-tests-") as said:
        beside = start(POSTGRES, said)
        if uncompiled() > FEW:
            subprocess.run(tied_to_parent([*COMPILE, *sys.argv[1:]]), stdout=subprocess.DEVNULL)
        code = start(SQLITE, None).wait()
        print("\nOn PostgreSQL:", flush=True)
        follow(beside, Path(said.name))
    codes = [code, beside.returncode]
    return max((abs(code) for code in codes if code != NO_TESTS), default=NO_TESTS)


def uncompiled() -> int:
    """The number of files with tests that pytest has not compiled since they were changed; without the rehearsals."""
    files = set(ROOT.glob("tests/**/test_*.py")) - set(ROOT.glob("tests/rehearsals/**/test_*.py"))
    return sum(not is_compiled(path) for path in files)


def is_compiled(path: Path) -> bool:
    """Whether this interpreter's pytest has compiled the file since it was changed."""
    made = path.parent.glob(f"__pycache__/{path.stem}.{sys.implementation.cache_tag}-pytest-*.pyc")
    return any(compiled.stat().st_mtime >= path.stat().st_mtime for compiled in made)


def start(options: list[str], output: IO[str] | None) -> subprocess.Popen[bytes]:
    """A run of the tests with these options and those of the command line; it does not outlive this process."""
    return subprocess.Popen(tied_to_parent([*PYTEST, *options, *sys.argv[1:]]), stdout=output, stderr=output)


def follow(process: subprocess.Popen[bytes], log: Path) -> None:
    """Print what the process says until it has ended."""
    with log.open(errors="replace") as lines:
        while process.poll() is None:
            print(lines.read(), end="", flush=True)
            time.sleep(LOOK_SECONDS)
        print(lines.read(), end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
