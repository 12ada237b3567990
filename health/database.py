"""Checks of the database: does it answer, has it the tables of this version, and does anything wait in it?"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from events.clock import database_now
from events.models import DeadLetter, Outbox
from health.watch import Check, Finding, Source, one_line

# A connection that hears nothing from the machine at its other end is given up after about this time.
CONNECT_SECONDS = 2
POSTGRES = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
# A file that is missing is not created.
SQLITE = {"timeout": CONNECT_SECONDS, "init_command": "PRAGMA query_only=ON;"}
# Fewer free connections than this many or this part of all are told: each thread of a process may need one.
LEAST_FREE, LEAST_FREE_PART = 5, 0.05
MOST_COUNTED = 10_000


@contextmanager
def own_connection() -> Iterator[BaseDatabaseWrapper]:
    """Yield a new connection, which the ORM uses in this thread inside the block, and which is then closed."""
    connection = connections.create_connection("default")
    limits = SQLITE if connection.vendor == "sqlite" else POSTGRES
    known = connection.settings_dict
    connection.settings_dict = {**known, "OPTIONS": {**known["OPTIONS"], **limits}}
    if connection.vendor == "sqlite" and not str(known["NAME"]).startswith("file:"):
        connection.settings_dict["NAME"] = f"file:{quote(str(known['NAME']))}?mode=rw"
    before, connections["default"] = connections["default"], connection
    try:
        yield connection
    finally:
        connection.close()
        connections["default"] = before


def away_in_words(error: Exception) -> str:
    """Return what is wrong where no connection can be made."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return (
            f"The database file cannot be opened ({one_line(error)})."
            f" Run: {settings.COMMAND} migrate, or set DATA_DIR right."
        )
    return f"The database does not answer ({one_line(error)}). Is PostgreSQL running where DATABASE_URL says?"


def answers(connection: BaseDatabaseWrapper) -> Finding:
    """Find out whether the database answers and takes writes."""
    if connection.vendor == "sqlite":
        asked(connection, "SELECT 1")
        return Finding(True)
    [is_standby, is_read_only] = asked(
        connection, "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
    )
    if is_standby or is_read_only:
        which = "a standby" if is_standby else "set to read only"
        return Finding(False, f"The database takes no writes: it is {which}. Have DATABASE_URL name the primary.")
    return Finding(True)


def is_migrated(connection: BaseDatabaseWrapper) -> Finding:
    """Find out whether the database has every migration of this version; those of a newer one are no matter."""
    missing = sorted(
        ".".join(key) for key in known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    )
    words = f"The database lacks {len(missing)} migrations of this version. Run: {settings.COMMAND} migrate"
    return Finding(not missing, words if missing else "", {"missing": missing[:20]})


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return (app, name) of each migration of this version, by the names of its files.

    They are not loaded: that would take each process that starts longer than to connect to the database.
    """
    found = set[tuple[str, str]]()
    for app in apps.get_app_configs():
        package = find_spec(f"{app.name}.migrations")
        folders = package.submodule_search_locations if package else None
        found |= {(app.label, module.name) for module in iter_modules(folders or ()) if module.name[0] not in "_~"}
    return frozenset(found)


def free_connections(connection: BaseDatabaseWrapper) -> Finding:
    """Find out how many connections PostgreSQL can still give to everybody."""
    used, most = asked(
        connection,
        "SELECT sum(numbackends), current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int FROM pg_stat_database",
    )
    free = int(most - used)
    words = (
        f"PostgreSQL has {free} of {most} connections free. Raise max_connections, put a pooler before it, or end some."
    )
    is_enough = free >= max(LEAST_FREE, LEAST_FREE_PART * most)
    return Finding(is_enough, "" if is_enough else words, {"free": free, "most": int(most)})


def outbox(_connection: BaseDatabaseWrapper) -> Finding:
    """Find out how long the oldest event has waited to be published."""
    rows = Outbox.objects.order_by("pk")
    oldest = rows.values_list("written_at", flat=True).first()
    waits = (database_now() - oldest).total_seconds() if oldest else 0.0
    figures = {"oldest_seconds": round(waits, 1), "commits": rows[:MOST_COUNTED].count()}
    if waits <= settings.HEALTH.outbox_seconds:
        return Finding(True, "", figures)
    words = (
        f"Events have waited {waits:.0f} s to be published. The relay does it: see that the broker answers, and that"
        f" a process `relay` or `core` runs ({settings.COMMAND} health --kind relay)."
    )
    return Finding(False, words, figures)


def dead_letters(_connection: BaseDatabaseWrapper) -> Finding:
    """Find out whether dead letters are open: each waits for a person."""
    count = DeadLetter.objects.filter(state=DeadLetter.State.OPEN).order_by()[:MOST_COUNTED].count()
    see = f"{settings.COMMAND} deadletters list"
    words = f"{count} messages could not be handled. See why, then replay or discard each: {see}"
    return Finding(not count, words if count else "", {"open": count})


def asked(connection: BaseDatabaseWrapper, sql: str) -> Sequence[Any]:
    """Return the one row of the query."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: Sequence[Any] = cursor.fetchone()
        return row


ANSWERS = Check("database", answers, blocks=True)


def database_source(*, thoroughly: bool) -> Source:
    """Return the database as a source; without `thoroughly` only whether it answers."""
    is_postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    more = [
        Check("migrations", is_migrated, blocks=True),
        *([Check("connections", free_connections)] if is_postgres else []),
        Check("outbox", outbox),
        Check("dead-letters", dead_letters),
    ]
    checks = [ANSWERS, *(more if thoroughly else [])]
    return Source("database", checks, connect=own_connection, away=away_in_words)
