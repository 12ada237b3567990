"""The PostgreSQL connections of a web process: they keep plans, and are asked only after a rest whether they live.

Django tests a connection with a statement of its own in each request. Here a connection that was in use a moment ago is
looked at instead: a server that ends a session says so, or closes the socket, and either can be read without asking.
"""

import select
import time
from typing import Any

from django.core.signals import request_started
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.signals import connection_created

from events import statements

# A firewall or a pooler may drop a connection in silence; none does so after a shorter rest than this.
LONGEST_REST_SECONDS = 5.0


def adapt_connections() -> None:
    """Have every connection that this process opens from now on keep plans; call this once, before requests come."""
    connection_created.connect(keep_plans)
    # Django's own receiver, which asks for the test, was connected before and runs first.
    request_started.connect(spare_test)


def keep_plans(connection: Any, **_: Any) -> None:
    """Have the connection prepare its statements. It ends after CONN_MAX_AGE seconds, and its plans with it."""
    if connection.vendor == "postgresql":
        statements.keep_plans(connection, for_long=False)


def spare_test(**_: Any) -> None:
    """Leave out the test of the connection of this thread if it was in use a moment ago and its socket is quiet."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    now, rested_from = time.monotonic(), getattr(database, "used_at", 0.0)
    database.used_at = now
    if database.vendor == "postgresql" and database.connection is not None:
        database.health_check_done |= now - rested_from < LONGEST_REST_SECONDS and is_quiet(database.connection)


def is_quiet(connection: Any) -> bool:
    """Return True if the connection is open and its server has sent nothing that nobody asked for."""
    if connection.closed:
        return False
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN)
    return not watch.poll(0)
