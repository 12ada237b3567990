"""Empties the database after a test that commits, and puts back what every installation begins with.

Django truncates each table and then has every app make its first rows again: roles, permissions, templates. That took
longer than most of the tests. Here the rows are deleted, and the first ones are written as they were read once. Tables
that are as they were, which are most, are left alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.utils import CursorWrapper

from tests.forging import unprotected

# The rows with which every test begins: {table: (columns, rows)}.
FIRST_ROWS: dict[str, tuple[list[str], list[Any]]] = {}


def read_first_rows() -> None:
    """Keep every row that there is after the migrations."""
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f"SELECT * FROM {quoted(table)}")
            if rows := cursor.fetchall():
                FIRST_ROWS[table] = [column[0] for column in cursor.description], rows


def delete_all(self: BaseDatabaseOperations, statements: list[str]) -> None:
    """Delete the rows of every table that has others than at the beginning, in place of Django's statements for it."""
    with transaction.atomic(), connection.cursor() as cursor:
        changed = with_rows(cursor) - FIRST_ROWS.keys()
        if not all(has_first_rows(cursor, table) for table in FIRST_ROWS):
            changed |= FIRST_ROWS.keys()  # they name each other
        if changed:
            with without_triggers():
                for table in changed:
                    cursor.execute(f"DELETE FROM {quoted(table)}")


def write_first_rows(*args: Any, **options: Any) -> None:
    """Write the rows with which every test begins where they are missing, in place of the signal that makes them."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in FIRST_ROWS.keys() - with_rows(cursor):
            columns, rows = FIRST_ROWS[table]
            names, marks = ", ".join(map(quoted, columns)), ", ".join("%s" for _ in columns)
            cursor.executemany(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", rows)


def with_rows(cursor: CursorWrapper) -> set[str]:
    """The tables that have rows."""
    looks = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables()]
    cursor.execute(" UNION ALL ".join(looks))
    return {name for (name,) in cursor.fetchall()}


def has_first_rows(cursor: CursorWrapper, table: str) -> bool:
    """Whether the table's rows are those of the beginning, none of them changed."""
    cursor.execute(f"SELECT * FROM {quoted(table)}")
    return bool(cursor.fetchall() == FIRST_ROWS[table][1])


@contextmanager
def without_triggers() -> Iterator[None]:
    """Let the block delete records; on SQLite the triggers are dropped, and created as they were."""
    if connection.vendor != "sqlite":
        with unprotected():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, statement in triggers:
            cursor.execute(statement)


@cache
def tables() -> list[str]:
    """The tables of all apps. No test leaves others."""
    return connection.introspection.django_table_names(only_existing=True, include_views=False)


def quoted(name: str) -> str:
    """The name as SQL has it."""
    return connection.ops.quote_name(name)
