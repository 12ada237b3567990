"""Shows that each seeded bug is caught: a short run with each, and a table of what caught it."""

import argparse
import subprocess
import sys

from tests.chaos.bugs import BUGS
from tests.chaos.world import ROOT

# Long enough for some ten faults; nobody has to wait long for what is stuck.
SECONDS, REST_SECONDS, RATE = 40, 20, 3
WRONG = ("lost: ", "twice: ", "stuck: ", "broken: ")


def show_bugs(options: argparse.Namespace) -> int:
    """Run with one bug after another and print the table; return 1 if one of them was not caught."""
    missed = 0
    print(f"{'bug':<24}{'run':<8}caught by", flush=True)
    for name in BUGS:
        code, found = run_with(name, options.seed)
        missed += not (code and found)
        print(f"{name:<24}{'red' if code else 'GREEN':<8}{found[0] if found else 'nothing'}", flush=True)
        print(f"{'':<32}({len(found)} findings: {BUGS[name].words})", flush=True)
    return 1 if missed else 0


def run_with(bug: str, seed: int) -> tuple[int, list[str]]:
    """Return the exit code of a run with the bug, and what was found to be wrong."""
    words = {"bug": bug, "seed": seed, "seconds": SECONDS, "rest": REST_SECONDS, "rate": RATE}
    options = [word for name, value in words.items() for word in (f"--{name}", str(value))]
    done = subprocess.run([sys.executable, "-m", "tests.chaos", *options], cwd=ROOT, capture_output=True, text=True)
    lines = [line.strip()[:110] for line in done.stdout.splitlines()]
    return done.returncode, [line for line in lines if line.startswith(WRONG)]
