#!/usr/bin/env python3
"""Holds the files of `.github/` to their checkers; a line for each says what was checked, and ok or failed.

Both come with the development packages and need no network: actionlint checks the workflows' keys, types and
expressions, zizmor looks in them and in `dependabot.yml` for what an attacker could use.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
WORKFLOWS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / ".github" / "workflows").glob("*.yml"))
CHECKS = {
    "actionlint": ("workflows: keys, types, expressions", WORKFLOWS),
    "zizmor": (
        "workflows, Dependabot: pins, permissions, injection",
        ["--offline", "--no-progress", "--quiet", ".github"],
    ),
}


def faults(program: str, arguments: Sequence[str]) -> str:
    """Return what the checker prints if it complains, else nothing."""
    try:
        done = subprocess.run([PROGRAMS / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"{program} is not installed: run make"
    return (done.stdout + done.stderr).strip() or "it gave no reason" if done.returncode else ""


def main() -> int:
    """Run every checker and print its line, then its faults; return 1 if one complained or is not there."""
    failed = False
    for program, (about, arguments) in CHECKS.items():
        began = time.monotonic()
        found = faults(program, arguments)
        print(f"{program:<18}{about:<56}{'failed' if found else 'ok':<8}{time.monotonic() - began:5.1f} s", flush=True)
        if found:
            print(found, flush=True)
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
