"""A PostgreSQL of the run's own, with a clock that can be stepped, to be killed, cut off, locked and filled up."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from tests.servers import Account, create_cluster, running_server, usable_programs
from tests.waiting import is_alive, wait_until

# Functions of this schema are found before PostgreSQL's own: `clock_timestamp()` is the one that can be stepped.
STEPPED_CLOCK = """
    CREATE SCHEMA stepped;
    CREATE TABLE stepped.step (by interval NOT NULL);
    INSERT INTO stepped.step VALUES ('0 s');
    CREATE FUNCTION stepped.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM stepped.step)';
    ALTER DATABASE postgres SET search_path = public, stepped, pg_catalog;
"""


class Database:
    """The server of one run; `data` may lie on a small disk."""

    def __init__(self, home: Path, data: Path) -> None:
        """Create the cluster, without starting it."""
        self.home, self.data, self.account = home, data, Account.suitable()
        self.account.own(home)
        self.programs = usable_programs(self.account, home)
        create_cluster(self.account, self.programs, data, home / "log")
        self.url = f"postgresql://postgres@/postgres?host={home}"
        self._server = ExitStack()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        # Durable: what was committed is in the log when its process is killed.
        server = running_server(self.account, self.programs, self.data, self.home, durable=True)
        self._server.enter_context(server)

    def stop(self) -> None:
        """Stop the server, if it runs."""
        self._server.close()

    def pid(self) -> int | None:
        """Return the process id of the server; None if it does not run."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, IndexError, ValueError):
            return None
        return pid if is_alive(pid) else None

    def kill(self) -> None:
        """Have every process of the server end at once, as in a crash."""
        if pid := self.pid():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            wait_until(lambda: not is_alive(pid), 10)
        self._server.close()

    def ensure_running(self) -> None:
        """Start the server again if it has died."""
        if self.pid() is None:
            self._server.close()
            self.start()

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """Yield a connection that commits by itself."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            yield connection

    def execute(self, statement: str) -> None:
        """Execute one statement."""
        with self.connected() as connection:
            connection.execute(statement)

    def sessions(self) -> int:
        """Return how many sessions the database has, ours included."""
        with self.connected() as connection:
            [number] = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL").fetchone()
        return int(number)

    def make_clock_steppable(self) -> None:
        """Put the clock that can be stepped before PostgreSQL's own, for every later session."""
        self.execute(STEPPED_CLOCK)

    def step_clock(self, seconds: float) -> None:
        """Have the database's clock show this many seconds more from now on."""
        self.execute(f"UPDATE stepped.step SET by = by + interval '{seconds} s'")

    def cut_connections(self) -> None:
        """End every session but our own."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
