"""Keeps the system's files readable by one account only, the one that runs the system.

They hold passwords, keys and what people uploaded.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
# Files that an earlier release may have left open to others: database, journals, keys, uploads, logs, broker files.
OWN_FILES = (
    "*.sqlite3*",
    "secret_key",
    "encryption_key",
    "alive",
    "alive/*",
    "artifacts",
    "artifacts/*",
    "uploads",
    "uploads/*",
    "quarantine",
    "quarantine/*",
    "valkey",
    "valkey/**/*",
    "logs",
    "logs/*",
    "*.log",
)


def write_privately() -> None:
    """Set the umask: files that this process and its children create from now on are closed to other accounts."""
    os.umask(OTHERS)


def make_private(folder: Path) -> None:
    """Create the folder if it is missing and close it to other accounts, with the system's files inside.

    The files are looked at only where the folder was open. Files of another account, links, and files with unknown
    names are left as they are. Idempotent.
    """
    folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    if folder.stat().st_mode & OTHERS:
        close_to_others(path for pattern in OWN_FILES for path in folder.glob(pattern))
        close_to_others([folder])


def make_database_private(database: Path) -> None:
    """Close a SQLite file and its journals to other accounts, in any folder; the folder itself is left as it is."""
    close_to_others(Path(f"{database}{end}") for end in ("", "-wal", "-shm", "-journal"))


def close_to_others(paths: Iterable[Path]) -> None:
    """Remove the rights of group and others from files and folders that this account owns; links are left alone."""
    for path in paths:
        with suppress(FileNotFoundError):
            status = path.lstat()
            is_file_or_folder = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
            if status.st_uid == os.getuid() and is_file_or_folder and status.st_mode & OTHERS:
                path.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)
