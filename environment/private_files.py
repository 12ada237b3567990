"""Files of the system are for the account alone that runs it: they hold passwords, keys and what people uploaded."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
# What an earlier release may have left open: the database with its journals, keys, uploads, logs, the broker's files.
OURS = ("*.sqlite3*", "secret_key", "artifacts", "artifacts/*", "valkey", "valkey/**/*", "logs", "logs/*", "*.log")


def write_privately() -> None:
    """Whatever this process, and those that it starts, write from now on is closed to others."""
    os.umask(OTHERS)


def make_private(folder: Path) -> None:
    """The folder is there and closed to others; one that was open has our own files in it closed too.

    What is somebody else's, a link, or not known to be of this system is left as it is.
    """
    folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    if folder.stat().st_mode & OTHERS:
        close_to_others(found for pattern in OURS for found in folder.glob(pattern))
        close_to_others([folder])


def make_database_private(database: Path) -> None:
    """A database file and its journals are closed to others, wherever the file lies; its folder may be anybody's."""
    close_to_others(Path(f"{database}{end}") for end in ("", "-wal", "-shm", "-journal"))


def close_to_others(paths: Iterable[Path]) -> None:
    """Take every right of others from those that are ours, and are files or folders."""
    for path in paths:
        with suppress(FileNotFoundError):
            found = path.lstat()
            is_ours = found.st_uid == os.getuid() and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))
            if is_ours and found.st_mode & OTHERS:
                path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
