#!/usr/bin/env python3
"""The operator's door: every command of Interlock starts here, with the packages of `.venv` whatever Python runs it."""

import gc
import os
import sys
from importlib.util import find_spec
from pathlib import Path

PYTHON = Path(__file__).with_name(".venv") / "bin" / "python"


def main() -> None:
    """Run the command that the arguments name."""
    if find_spec("django") is None:
        start_again()
    if (folder := str(Path(__file__).resolve().parent)) not in sys.path:  # as with PYTHONSAFEPATH
        sys.path.insert(0, folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if is_about_life(sys.argv):
        from health import life  # a container asks every few seconds: without Django, in a fifth of the time

        sys.exit(life.main(sys.argv[2:]))
    gc.disable()  # until the command begins: what is imported stays, and to look through it takes a while
    from console.entry import run  # not before its packages are there

    run(sys.argv)


def is_about_life(argv: list[str]) -> bool:
    """Return True for `health --kind KIND`, whose answer needs no Django."""
    return argv[1:2] == ["health"] and any(word.startswith("--kind") for word in argv) and "--help" not in argv


def start_again() -> None:
    """Replace this process by one of the Python that has the packages. Raises SystemExit where none has."""
    if not PYTHON.exists() or Path(sys.prefix) == PYTHON.parent.parent:
        sys.exit("Interlock's packages are not installed yet. Run: make")
    os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606 - the same program, with its packages


if __name__ == "__main__":
    main()
