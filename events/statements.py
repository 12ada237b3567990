"""Executes statements of a fixed text: PostgreSQL parses and plans each of them once a connection.

Statements that need nothing of each other are sent together, so that their process waits once for all of them.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

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

    The errors of the statements are raised at the end of the block. Elsewhere each statement is executed at once.
    """
    if not is_prepared():
        yield
        return
    connection.ensure_connection()
    waiting: list[Waiting] = []
    sent.waiting = waiting
    try:
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield
    finally:
        sent.waiting = None
    for cursor, then in waiting:
        then(cursor.fetchall())


def execute(statement: str, parameters: Sequence[Any], *, many: bool = False, fetch: bool = False) -> Rows:
    """Execute the statement and return its rows if they are asked for.

    On PostgreSQL it becomes a prepared statement of the connection; so only fixed texts may be passed here. Where the
    caller watches or wraps the statements of Django, Django executes it.
    """
    if not is_prepared():
        with connection.cursor() as cursor:
            (cursor.executemany if many else cursor.execute)(statement, parameters)
            return cursor.fetchall() if fetch else []
    with connection.wrap_database_errors:
        prepared = execute_prepared(statement, parameters)
        return prepared.fetchall() if fetch else []


def execute_then(statement: str, parameters: Sequence[Any], then: Callable[[Rows], object]) -> None:
    """Execute the statement and call `then` with its rows: at once, or at the end of the block of `together`."""
    if sent.waiting is None:
        then(execute(statement, parameters, fetch=True))
    else:
        sent.waiting.append((execute_prepared(statement, parameters), then))


def execute_prepared(statement: str, parameters: Sequence[Any]) -> Any:
    """Execute the statement as a prepared one of the PostgreSQL connection and return its cursor."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    return psycopg.Cursor(connection.connection).execute(statement, parameters, prepare=True)


def is_prepared() -> bool:
    """Return True if statements are prepared now: on PostgreSQL, unless forbidden or watched."""
    return (
        connection.vendor == "postgresql"
        and settings.PREPARED_STATEMENTS
        and not connection.execute_wrappers
        and not connection.queries_logged
    )
