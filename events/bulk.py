"""Writes many rows of a model with one statement.

On PostgreSQL the rows are one parameter, a JSON document that the server unpacks: to write a placeholder for each value
took a quarter of the orchestrator's time. On SQLite the statement is executed once for each row.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from django.db import DEFAULT_DB_ALIAS, connection, models

from events.statements import execute, execute_then


class Column(NamedTuple):
    """A column of a model: the attribute that holds its value, its quoted name, and its type in the database."""

    attribute: str
    name: str
    type: str


def insert(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Insert the rows: instances of the model, or other objects that have its columns as attributes.

    Instances get the keys that the database gives them, in the given order; in `statements.together`, at its end.
    """
    if not rows:
        return
    are_instances = isinstance(rows[0], models.Model)
    columns, gives_keys = inserted_columns(model), are_instances and isinstance(model._meta.pk, models.AutoField)
    write = insert_from_document if connection.vendor == "postgresql" else insert_one_by_one
    write(model, rows, columns, gives_keys=gives_keys)
    for row in rows if are_instances else ():
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def insert_new(
    model: type[models.Model], rows: Sequence[Any], *, unique: str, then: Callable[[set[Any]], object]
) -> None:
    """Insert those rows whose value in the `unique` column is new, and call `then` with the values of those inserted.

    In `statements.together` it is called at the end.
    """
    if not rows:
        return
    columns, name = inserted_columns(model), quoted(unique)
    field: Any = model._meta.get_field(unique)
    tail = f"ON CONFLICT ({name}) DO NOTHING RETURNING {name}"
    if connection.vendor == "postgresql":
        statement, parameters = f"{insert_statement(model, columns)} {tail}", [document(rows, columns)]
    else:
        names, marks = ", ".join(c.name for c in columns), f"({', '.join('%s' for _ in columns)})"
        statement = f"INSERT INTO {table(model)} ({names}) VALUES {', '.join([marks] * len(rows))} {tail}"
        parameters = [value for row in rows for value in stored(model, row, columns)]
    execute_then(statement, parameters, lambda found: then({field.to_python(value) for (value,) in found}))


def update(model: type[models.Model], rows: Sequence[Any], fields: Iterable[str], *, by: str = "pk") -> None:
    """Write these fields of the rows, each found by its key, or by another unique field; one that is gone is left out.

    A row has the fields as attributes.
    """
    columns = updated_columns(model, frozenset(fields), by)
    if not rows:
        return
    if connection.vendor == "postgresql":
        execute(update_statement(model, columns), [document(rows, columns), len(rows)])
    else:
        # The key is the first column, and the last parameter.
        values = [[*stored(model, row, columns[1:]), *stored(model, row, columns[:1])] for row in rows]
        sets = ", ".join(f"{c.name} = %s" for c in columns[1:])
        execute(f"UPDATE {table(model)} SET {sets} WHERE {columns[0].name} = %s", values, many=True)


def delete(model: type[models.Model], keys: Sequence[Any]) -> None:
    """Delete the rows with these keys, in one statement; nothing may refer to them."""
    if not keys:
        return
    key = column_of(model._meta.pk).name
    if connection.vendor == "postgresql":
        execute(f"DELETE FROM {table(model)} WHERE {key} = ANY(%s)", [list(keys)])
    else:
        execute(f"DELETE FROM {table(model)} WHERE {key} IN ({', '.join('%s' for _ in keys)})", list(keys))


def insert_from_document(
    model: type[models.Model], rows: Sequence[Any], columns: tuple[Column, ...], *, gives_keys: bool
) -> None:
    """Insert the rows from one JSON document, and set the keys that the database gives, if it gives them."""
    statement, parameters = insert_statement(model, columns), [document(rows, columns)]
    if gives_keys:
        statement += f" RETURNING {column_of(model._meta.pk).name}"
        execute_then(statement, parameters, lambda found: set_keys(rows, [key for (key,) in found]))
    else:
        execute(statement, parameters)


def insert_one_by_one(
    model: type[models.Model], rows: Sequence[Any], columns: tuple[Column, ...], *, gives_keys: bool
) -> None:
    """Insert the rows, and set the keys if SQLite gives them: they come in a row, since it has one writer at a time."""
    names, marks = ", ".join(c.name for c in columns), ", ".join("%s" for _ in columns)
    statement = f"INSERT INTO {table(model)} ({names}) VALUES ({marks})"
    execute(statement, [stored(model, row, columns) for row in rows], many=True)
    if gives_keys:
        [[last]] = execute("SELECT last_insert_rowid()", [], fetch=True)
        set_keys(rows, range(last - len(rows) + 1, last + 1))


def set_keys(rows: Sequence[models.Model], keys: Sequence[Any]) -> None:
    """Set the keys of the rows, in their order."""
    for row, key in zip(rows, keys, strict=True):
        row.pk = key


# -- statements of PostgreSQL ----------------------------------------------------------------------
@cache
def insert_statement(model: type[models.Model], columns: tuple[Column, ...]) -> str:
    """Return the INSERT whose only parameter is the document of the rows."""
    names = ", ".join(c.name for c in columns)
    return f"INSERT INTO {table(model)} ({names}) SELECT {names} FROM {recordset(columns)}"


@cache
def update_statement(model: type[models.Model], columns: tuple[Column, ...]) -> str:
    """Return the UPDATE whose parameters are the document of the rows and their number; the first column is the key.

    The number tells PostgreSQL how many rows to expect. It expects a hundred of every document, and would read a table
    of some thousand rows from end to end for one.
    """
    key, *others = columns
    sets = ", ".join(f"{c.name} = r.{c.name}" for c in others)
    expected = f"(SELECT * FROM {recordset(columns)} LIMIT %s) AS r"
    return f"UPDATE {table(model)} AS t SET {sets} FROM {expected} WHERE t.{key.name} = r.{key.name}"


def recordset(columns: Iterable[Column]) -> str:
    """Return the document as a table `r` with these columns."""
    types = ", ".join(f"{c.name} {c.type}" for c in columns)
    return f"json_to_recordset(%s::json) AS r({types})"


def document(rows: Iterable[Any], columns: Sequence[Column]) -> str:
    """Return the rows as a JSON array of objects, by the names of their columns."""
    names, values_of = [c.name[1:-1] for c in columns], attrgetter(*(c.attribute for c in columns))
    objects = [dict(zip(names, values_of(row), strict=True)) for row in rows]
    return orjson.dumps(objects, bytes_as_hex).decode()


def bytes_as_hex(value: Any) -> str:
    """Return bytes as PostgreSQL reads them. Raises TypeError for anything else that JSON has no form for."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} has no form in JSON.")


# -- columns ---------------------------------------------------------------------------------------
@cache
def inserted_columns(model: type[models.Model]) -> tuple[Column, ...]:
    """Return every column of the model, without a key that the database gives."""
    return tuple(column_of(f) for f in model._meta.concrete_fields if not isinstance(f, models.AutoField))


@cache
def updated_columns(model: type[models.Model], names: frozenset[str], by: str = "pk") -> tuple[Column, ...]:
    """Return the column by which a row is found, then those of the fields."""
    key = model._meta.pk if by == "pk" else model._meta.get_field(by)
    fields = [f for f in model._meta.concrete_fields if {f.name, f.attname} & names and f is not key]
    return tuple(column_of(f) for f in [key, *fields])


def column_of(field: Any) -> Column:
    """Return the field's column. A text may be as long as it is: the table's own column checks its length."""
    kind = field.db_type(connection)
    return Column(field.attname, quoted(field.column), "text" if kind.startswith("varchar") else kind)


@cache
def preparers(model: type[models.Model]) -> dict[str, Callable[..., Any]]:
    """Return for each attribute the function that gives the value which the database stores."""
    return {f.attname: f.get_db_prep_save for f in model._meta.concrete_fields}


def stored(model: type[models.Model], row: Any, columns: Iterable[Column]) -> list[Any]:
    """Return the row's values as the database stores them."""
    prepare = preparers(model)
    return [prepare[c.attribute](getattr(row, c.attribute), connection) for c in columns]


def table(model: type[models.Model]) -> str:
    """Return the model's table, quoted."""
    return quoted(model._meta.db_table)


def quoted(name: str) -> str:
    """Return the name in quotes, as both databases read it."""
    return f'"{name}"'
