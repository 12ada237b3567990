"""What the house has: its rooms, and the product's own modules in them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is run beside the product, and the package as which the rooms are installed: none of them is a room.
BESIDE = {"tests", "benchmarks", "interlock"}


def rooms() -> set[str]:
    """The import packages at the top of the house."""
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - BESIDE


def sources() -> Iterator[Path]:
    """The product's own modules, without migrations."""
    yield from tracked(rooms())


def python_files() -> Iterator[Path]:
    """The product's own modules, and those of what tests it, measures it and keeps it; without migrations."""
    yield from tracked(rooms() | {"tests", "benchmarks", "scripts"})


def tracked(folders: set[str]) -> Iterator[Path]:
    """The modules in these folders at the top that git knows, without migrations."""
    names = subprocess.check_output(["git", "ls-files", "*.py"], cwd=ROOT, text=True).split()
    yield from (ROOT / name for name in names if name.split("/")[0] in folders and "/migrations/" not in name)
