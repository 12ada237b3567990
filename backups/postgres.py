"""Dumps a PostgreSQL database while it is used, and restores a dump. Earlier tables are kept until it is checked."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from backups.archive import Report
from backups.contents import SESSIONS, Contents
from backups.errors import BackupError, UnfitBackup
from backups.manifest import Manifest
from backups.programs import program
from runtime.processes import tied_to_parent

KIND = "postgresql"
LOOK_SECONDS = 0.5
# The server shows a session for a moment after its program has gone.
ENDING_SECONDS = 2.0
# What the schema of the earlier tables is called until a restore is checked. A restore that was broken off leaves it.
ASIDE = "interlock_before_restore"
OTHER_SESSIONS = """
SELECT coalesce(nullif(application_name, ''), 'without a name') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Functions of the schema that came with no extension.
OWN_FUNCTIONS = """
SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""


class PostgresDatabase:
    """A database of a PostgreSQL server; `parameters` are those of a psycopg connection."""

    kind = KIND

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters

    def connect(self) -> psycopg.Connection[Any]:
        """Return a connection of our own, without the time limits and the time zone of Django's."""
        known = {name: value for name, value in self.parameters.items() if isinstance(value, str | int)}
        return psycopg.connect(**known, autocommit=True)  # type: ignore[arg-type]

    # -- backup --
    @contextmanager
    def dumped(self, target: Path, report: Report) -> Iterator[tuple[Contents, int]]:
        """Dump one state of the database to the target; yield the contents of that state and the program's version."""
        with closing(self.connect()) as connection:
            pg_dump, version = program("pg_dump", least=server_version(connection))
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            [snapshot] = connection.execute("SELECT pg_export_snapshot()").fetchone() or [""]
            [size] = connection.execute("SELECT pg_database_size(current_database())").fetchone() or [0]
            schema = current_schema(connection)
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
            options += [f"--schema={schema}", f"--exclude-table-data={schema}.{SESSIONS}", f"--file={target}"]
            run(connection, [pg_dump, *options], lambda: report("Database", size_of(target), size))
            yield Contents(connection, KIND), version

    # -- restore --
    @contextmanager
    def unused(self) -> Iterator[Contents | None]:
        """Yield the contents of the database, in which no other session is. Raises BackupError if there is one."""
        with closing(self.connect()) as connection:
            recover(connection)
            if sessions := other_sessions(connection):
                words = f"{len(sessions)} other sessions use the database ({', '.join(sorted(set(sessions)))})."
                raise BackupError(f"{words} End every process of the system first. Nothing was changed.")
            yield Contents(connection, KIND)

    def require_fit(self, manifest: Manifest) -> None:
        """Raise UnfitBackup for a backup of another kind, or BackupError if no program can read it."""
        if manifest.database != KIND:
            words = "The backup is of a SQLite database, and this system has PostgreSQL: unset DATABASE_URL."
            raise UnfitBackup(f"{words} Nothing was changed.")
        self.restoring_program(manifest.tool)

    def restoring_program(self, written_by: int = 0) -> Path:
        """Return pg_restore, at least as new as the server and the program that wrote the dump. Raises BackupError."""
        with closing(self.connect()) as connection:
            return program("pg_restore", least=max(server_version(connection), written_by))[0]

    @contextmanager
    def loaded(self, dump: Path) -> Iterator[Contents]:
        """Restore the dump and yield what is there then; the earlier tables come back if the block fails."""
        pg_restore = self.restoring_program()
        with closing(self.connect()) as connection:
            if Contents(connection, KIND).tables():
                set_aside(connection)
            try:
                options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
                options += [f"--schema={current_schema(connection)}"]
                run(connection, [pg_restore, *options, dump])
                yield Contents(connection, KIND)
            except BaseException:
                if not put_back(connection):
                    drop_what_came(connection)
                raise
            connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")


def set_aside(connection: psycopg.Connection[Any]) -> None:
    """Rename the schema with the tables, and make an empty one of its name. Raises BackupError without the right."""
    schema = current_schema(connection)
    try:
        with connection.transaction():
            connection.execute(f'ALTER SCHEMA "{schema}" RENAME TO {ASIDE}')
            connection.execute(f'CREATE SCHEMA "{schema}"')
            connection.execute(f"COMMENT ON SCHEMA {ASIDE} IS '{schema}'")
    except psycopg.errors.InsufficientPrivilege as error:
        words = f"The account of DATABASE_URL may not rename the schema {schema} ({str(error).strip()})."
        raise BackupError(f"{words} Restore into an empty database instead. Nothing was changed.") from error


def recover(connection: psycopg.Connection[Any]) -> None:
    """Clear up after a restore that was killed: the earlier tables come back if it had not brought others yet."""
    if schema_set_aside(connection):
        if Contents(connection, KIND).tables():
            connection.execute(f"DROP SCHEMA {ASIDE} CASCADE")
        else:
            put_back(connection)


def drop_what_came(connection: psycopg.Connection[Any]) -> None:
    """Drop the tables and functions that a restore has brought into a schema that was empty."""
    schema = current_schema(connection)
    with connection.transaction():
        for table in Contents(connection, KIND).tables():
            connection.execute(f'DROP TABLE "{schema}"."{table}" CASCADE')
        for (function,) in connection.execute(OWN_FUNCTIONS).fetchall():
            connection.execute(f"DROP FUNCTION {function} CASCADE")


def put_back(connection: psycopg.Connection[Any]) -> bool:
    """Put the earlier tables in the place of those that a restore has brought; return False if none were set aside."""
    schema = schema_set_aside(connection)
    if schema:
        with connection.transaction():
            connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
            connection.execute(f'ALTER SCHEMA {ASIDE} RENAME TO "{schema}"')
    return bool(schema)


def schema_set_aside(connection: psycopg.Connection[Any]) -> str:
    """Return the name that the schema of the earlier tables had; empty if there is none."""
    words = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    row = connection.execute(words, [ASIDE]).fetchone()
    return str(row[0]) if row else ""


def current_schema(connection: psycopg.Connection[Any]) -> str:
    """Return the name of the schema in which tables are found and made."""
    [name] = connection.execute("SELECT current_schema()").fetchone() or ["public"]
    return str(name)


def server_version(connection: psycopg.Connection[Any]) -> int:
    """Return the major version of the server."""
    return connection.info.server_version // 10_000


def run(connection: psycopg.Connection[Any], command: Sequence[str | Path], look: Any = lambda: None) -> None:
    """Run a program on the connection's database, calling `look` meanwhile; the password is not on its command line.

    Raises BackupError with what the program said.
    """
    environment = {**os.environ, "PGPASSWORD": connection.info.password}
    argv = tied_to_parent([str(word) for word in [*command, f"--dbname={connection.info.dsn}"]])
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(argv, env=environment, stdout=said, stderr=said) as process:
            try:
                while process.poll() is None:
                    look()
                    time.sleep(LOOK_SECONDS)
            except BaseException:
                process.terminate()
                raise
        said.seek(0)
        if process.returncode:
            words = f"{Path(command[0]).name} ended with {process.returncode}: {said.read().strip()[-1000:]}"
            raise BackupError(words)


def other_sessions(connection: psycopg.Connection[Any]) -> list[str]:
    """Return the names of the programs that use the database; one that has just ended is waited for."""
    until = time.monotonic() + ENDING_SECONDS
    while True:
        sessions = [name for (name,) in connection.execute(OTHER_SESSIONS)]
        if not sessions or time.monotonic() > until:
            return sessions
        time.sleep(LOOK_SECONDS)


def size_of(path: Path) -> int:
    """Return the size of the file in bytes; 0 if it is not there yet."""
    return path.stat().st_size if path.exists() else 0
