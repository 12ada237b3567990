"""Empties the database after a test that commits, but for what every installation begins with.

Django truncates each table and then has every app make its first rows again: roles, permissions, templates. That took
longer than most of the tests. Here only the rows are deleted that have come since; the first ones are written again, as
they were read once, where one of them is missing or changed. Tables that are as they were, which are most, are left
alone.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection, transaction
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


def empty_database(*args: Any) -> None:
    """Leave the rows with which every test begins, and no others, in place of Django's command `flush`."""
    with transaction.atomic(), connection.cursor() as cursor:
        beside = {table: keys_beside_first_rows(cursor, table) for table in FIRST_ROWS}
        is_whole = None not in beside.values()
        unchanged = {table for table, keys in beside.items() if not keys} if is_whole else set()
        changed = (with_rows(cursor) | FIRST_ROWS.keys()) - unchanged
        with without_triggers(changed):
            for table in changed:
                delete_rows(cursor, table, but_first=is_whole)
            if not is_whole:  # all of them, since they name each other
                write_first_rows(cursor)


def keys_beside_first_rows(cursor: CursorWrapper, table: str) -> set[Any] | None:
    """Return the keys of the rows that have come since the beginning; None if one of those is missing or changed.

    The key is the first column.
    """
    cursor.execute(f"SELECT * FROM {quoted(table)}")
    rows = {row[0]: row for row in cursor.fetchall()}
    first = {row[0]: row for row in FIRST_ROWS[table][1]}
    return rows.keys() - first.keys() if first.items() <= rows.items() else None


def delete_rows(cursor: CursorWrapper, table: str, *, but_first: bool) -> None:
    """Delete the table's rows, but for those of the beginning if `but_first`."""
    columns, rows = FIRST_ROWS.get(table, ([], [])) if but_first else ([], [])
    kept = f" WHERE {quoted(columns[0])} NOT IN ({', '.join('%s' for _ in rows)})" if rows else ""
    cursor.execute(f"DELETE FROM {quoted(table)}{kept}", [row[0] for row in rows])


def write_first_rows(cursor: CursorWrapper) -> None:
    """Write the rows with which every test begins, as they were read."""
    for table, (columns, rows) in FIRST_ROWS.items():
        names, marks = ", ".join(map(quoted, columns)), ", ".join("%s" for _ in columns)
        cursor.executemany(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", rows)


def with_rows(cursor: CursorWrapper) -> set[str]:
    """The tables that have rows."""
    looks = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables()]
    cursor.execute(" UNION ALL ".join(looks))
    return {name for (name,) in cursor.fetchall()}


@contextmanager
def without_triggers(of: Collection[str] | None = None) -> Iterator[None]:
    """Let the block delete records; on SQLite the triggers, of these tables or all, are dropped and made again."""
    if connection.vendor != "sqlite":
        with unprotected():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, statement) for name, statement, table in cursor.fetchall() if of is None or table in of]
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
