"""What a measurement stands on: a PostgreSQL server (DATABASE_URL), a Valkey server of its own, and a folder."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

from runtime.embedded import EmbeddedValkey

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Stage:
    """The servers' addresses, and the folder that is cleared up at the end."""

    folder: Path
    server: str
    broker: str

    def url(self, database: str) -> str:
        """Return the address of this database of the server."""
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{database}"))

    def connect(self, database: str = "") -> "psycopg.Connection[tuple[object, ...]]":
        """Return a connection that commits each statement; without a name, to the database of DATABASE_URL."""
        return psycopg.connect(self.url(database) if database else self.server, autocommit=True)

    def redis(self) -> redis.Redis:
        """Return a client of the broker."""
        return redis.Redis.from_url(self.broker)

    @contextmanager
    def database(self, name: str, template: str = "template0") -> Iterator[str]:
        """Create the database as a copy of `template` inside the block, and drop it afterwards; yield its address."""
        with self.connect() as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            # Whoever breaks a run off may have ended the server already.
            with suppress(psycopg.OperationalError), self.connect() as server:
                server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def prepared_stage() -> Iterator[Stage]:
    """Yield a stage whose broker runs inside the block, which SIGTERM ends. Raises SystemExit without PostgreSQL."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        raise SystemExit("This needs PostgreSQL: run `make bench`.")
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as name:
        folder = Path(name)
        with EmbeddedValkey(folder / "valkey") as broker:
            yield Stage(folder, server, broker.url)


def wait_until(happens: Callable[[], bool], seconds: float, *, every: float = 0.02) -> None:
    """Return as soon as the predicate holds. Raises SystemExit after so many seconds."""
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            raise SystemExit(f"It did not happen within {seconds:g} s.")
        time.sleep(every)
