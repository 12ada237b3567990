"""Copies a SQLite database while it is used, and puts a copy in the place of one that nobody uses."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from backups.archive import Report
from backups.contents import SESSIONS, Contents
from backups.errors import BackupError, UnfitBackup
from backups.manifest import Manifest

KIND = "sqlite"
TOOL = 0
# Pages that are copied between two looks at the progress: some ten megabytes.
PAGES = 2500
# Seconds for which another process may be in the middle of its end.
BUSY_SECONDS = 2.0


class SqliteDatabase:
    """A SQLite database in a file, which need not exist before a restore."""

    kind = KIND

    def __init__(self, file: Path) -> None:
        self.file = file

    def connect(self) -> sqlite3.Connection:
        """Return a connection of our own."""
        return sqlite3.connect(self.file, timeout=BUSY_SECONDS)

    # -- backup --
    @contextmanager
    def dumped(self, target: Path, report: Report) -> Iterator[tuple[Contents, int]]:
        """Copy the database, as it is at one moment, to the target; yield the copy's contents and 0 for the tool.

        Writers go on meanwhile: the open read transaction keeps one state in view, and would otherwise begin again with
        each commit. Raises BackupError if the database is damaged.
        """
        with closing(self.connect()) as source, closing(sqlite3.connect(target)) as copy:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            [page_bytes] = source.execute("PRAGMA page_size").fetchone()
            source.backup(
                copy,
                pages=PAGES,
                progress=lambda _, left, total: report("Database", (total - left) * page_bytes, total * page_bytes),
            )
            source.rollback()
            close_copy(copy, self.file)
            yield Contents(copy, KIND), TOOL

    # -- restore --
    @contextmanager
    def unused(self) -> Iterator[Contents | None]:
        """Yield the contents of the database, of which no process has a connection; None where there is no database.

        Afterwards everything is in the one file. Raises BackupError if a process uses it.
        """
        if not self.file.exists():
            yield None
            return
        with closing(self.connect()) as connection:
            try:
                # Leaving the mode with a write-ahead log needs the database for oneself, and writes the log back.
                connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            except sqlite3.OperationalError as error:
                words = f"A process uses {self.file} ({error}). End every process of the system first."
                raise BackupError(words) from error
            yield Contents(connection, KIND)

    def require_fit(self, manifest: Manifest) -> None:
        """Raise UnfitBackup for a backup of another kind of database."""
        if manifest.database != KIND:
            words = "The backup is of a PostgreSQL database, and this system has SQLite: set DATABASE_URL."
            raise UnfitBackup(f"{words} Nothing was changed.")

    @contextmanager
    def loaded(self, dump: Path) -> Iterator[Contents]:
        """Yield the contents of the dump, and put it in the database's place when the block ends well."""
        with closing(sqlite3.connect(dump)) as connection:
            yield Contents(connection, KIND)
        beside = self.file.with_name(f"{self.file.name}.restoring")
        shutil.move(dump, beside)  # a copy, where the database is on another disk
        os.replace(beside, self.file)


def close_copy(copy: sqlite3.Connection, source: Path) -> None:
    """Make the copy one file in which no trace of a session is left. Raises BackupError if it is damaged."""
    copy.execute("PRAGMA journal_mode=DELETE").fetchone()
    copy.execute("PRAGMA secure_delete=ON").fetchone()
    [state] = copy.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise BackupError(f"The database {source} is damaged ({state}): restore an older backup. No backup was made.")
    if SESSIONS in Contents(copy, KIND).tables():
        copy.execute(f"DELETE FROM {SESSIONS}")
        copy.commit()
