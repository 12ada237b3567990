"""Executes statements of a fixed text. Stream servers prepare them: PostgreSQL plans each once a connection.

Statements that need nothing of each other are sent together, so that their process waits once for all of them.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from accounts.postgresql.names import BEGIN, COMMIT

Rows = list[Any]
# A cursor and who gets its rows.
Waiting = tuple[Any, Callable[[Rows], object]]


class Sent(threading.local):
    """The cursors of statements that this thread has sent together and whose rows somebody waits for; else None."""

    waiting: list[Waiting] | None = None


sent = Sent()


@contextmanager
def together() -> Iterator[None]:
    """Send the statements of the block together: PostgreSQL answers all of them in one round trip.

    The errors of the statements are raised at the end of the block. A block inside another is a part of it. Elsewhere
    each statement is executed at once.
    """
    if not is_direct() or is_together():
        yield
        return
    database: Any = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    waiting: list[Waiting] = []
    sent.waiting = waiting
    try:
        with database.wrap_database_errors, database.pipeline():
            yield
    finally:
        sent.waiting = None
    for cursor, then in waiting:
        then(cursor.fetchall())


@contextmanager
def begun_together() -> Iterator[None]:
    """Begin the transaction of an outermost atomic block and send the statements of this block with it, as `together`.

    psycopg would send BEGIN before the first statement, and wait for it.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    begins = is_direct() and not is_together() and database.is_idle()
    if begins:
        database.connection.autocommit = True  # that is, BEGIN is not for psycopg to send
    with together():
        if begins:
            execute_directly(BEGIN, [])
        yield


def commit() -> None:
    """Commit the transaction of an outermost atomic block with the statements that are sent together.

    Where none are, nothing is done: the atomic block commits at its end. Nothing may be executed in between.
    """
    if is_together():
        execute_directly(COMMIT, [])


def is_together() -> bool:
    """Return True inside a block of `together` whose statements are sent together."""
    return sent.waiting is not None


def execute(statement: str, parameters: Sequence[Any], *, many: bool = False, fetch: bool = False) -> Rows:
    """Execute the statement, whose text has to be a fixed one, and return its rows if they are asked for.

    Where somebody watches or wraps the statements of Django, Django executes it.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if not is_direct():
        with database.cursor() as cursor:
            (cursor.executemany if many else cursor.execute)(statement, parameters)
            return cursor.fetchall() if fetch else []
    with database.wrap_database_errors:
        cursor = execute_directly(statement, parameters)
        return cursor.fetchall() if fetch else []


def execute_then(statement: str, parameters: Sequence[Any], then: Callable[[Rows], object]) -> None:
    """Execute the statement and call `then` with its rows: at once, or at the end of the block of `together`."""
    if sent.waiting is None:
        then(execute(statement, parameters, fetch=True))
    else:
        sent.waiting.append((execute_directly(statement, parameters), then))


def execute_directly(statement: str, parameters: Sequence[Any]) -> Any:
    """Execute the statement on the PostgreSQL connection, prepared if the connection keeps plans; return its cursor."""
    # The proxy `connection` looks the connection of its thread up at each access, which took a tenth of a request.
    database: Any = connections[DEFAULT_DB_ALIAS]
    database.close_if_health_check_failed()
    database.ensure_connection()
    database.validate_no_broken_transaction()
    keeps = getattr(database, "keeps_plans", False)
    return database.direct_cursor().execute(statement, parameters, prepare=keeps)


def is_direct() -> bool:
    """Return True if statements go to the driver directly: on PostgreSQL, unless somebody watches or wraps them."""
    database = connections[DEFAULT_DB_ALIAS]
    return database.vendor == "postgresql" and not database.execute_wrappers and not database.queries_logged


def keep_plans(database: Any, *, for_long: bool = True) -> None:
    """Have the sessions of this connection prepare their statements, unless a setting forbids it.

    A prepared statement keeps its plan: one that was made for a small table must not read a large one from end to end.
    A session that does not live `for_long` plans as any other does, since its tables cannot grow much meanwhile.
    """
    if settings.PREPARED_STATEMENTS:
        if for_long:
            with database.cursor() as cursor:
                cursor.execute("SET enable_seqscan = off")
        # Django makes its connections refuse to prepare; its own statements have their values in the text, and do not.
        database.connection.prepare_threshold = 0
        database.keeps_plans = True
