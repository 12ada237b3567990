#!/usr/bin/env python3
"""The operator's door: every command of Interlock starts here, with the packages of `.venv` whatever Python runs it."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

PYTHON = Path(__file__).with_name(".venv") / "bin" / "python"


def main() -> None:
    """Run the command that the arguments name."""
    if find_spec("django") is None:
        start_again()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from console.entry import run  # not before its packages are there

    run(sys.argv)


def start_again() -> None:
    """Replace this process by one of the Python that has the packages. Raises SystemExit where none has."""
    if not PYTHON.exists() or Path(sys.prefix) == PYTHON.parent.parent:
        sys.exit("Interlock's packages are not installed yet. Run: make")
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 - the same program, with its packages


if __name__ == "__main__":
    main()
