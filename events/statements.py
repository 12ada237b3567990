"""Executes statements of a fixed text: PostgreSQL parses and plans each of them once a connection."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection


def execute(statement: str, parameters: Sequence[Any], *, many: bool = False, fetch: bool = False) -> list[Any]:
    """Execute the statement and return its rows if they are asked for.

    On PostgreSQL it becomes a prepared statement of the connection; so only fixed texts may be passed here. Where the
    caller watches or wraps the statements of Django, Django executes it.
    """
    if not is_prepared():
        with connection.cursor() as cursor:
            (cursor.executemany if many else cursor.execute)(statement, parameters)
            return cursor.fetchall() if fetch else []
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall() if fetch else []


def is_prepared() -> bool:
    """Return True if statements are prepared now: on PostgreSQL, unless forbidden or watched."""
    return (
        connection.vendor == "postgresql"
        and settings.PREPARED_STATEMENTS
        and not connection.execute_wrappers
        and not connection.queries_logged
    )
