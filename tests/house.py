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
    tracked = subprocess.check_output(["git", "ls-files", "*.py"], cwd=ROOT, text=True).split()
    yield from (ROOT / name for name in tracked if name.split("/")[0] in rooms() and "/migrations/" not in name)
