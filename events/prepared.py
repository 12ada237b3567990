"""Queries by keys, UUIDs or texts, that are compiled once in each process, and then only executed.

To make a queryset and to compile it takes the ORM longer than to execute it and to read a few rows: 0.5 of 0.7 ms. A
request of a person or a program loads single rows by a dozen such queries.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import QuerySet, UUIDField
from django.db.models.query import ModelIterable

Row = TypeVar("Row")
# Numbers of keys for which the compiled form of a query is kept.
MOST_FORMS = 64
UUIDS: Any = UUIDField()


class Compiled(NamedTuple):
    """A query for a certain number of keys.

    `slots` has for each parameter the position of its key, or None where `parameters` has the value. `read` makes
    objects or dictionaries of the rows.
    """

    statement: str
    parameters: Sequence[Any]
    slots: Sequence[int | None]
    read: Callable[[Iterable[Sequence[Any]]], list[Any]]

    def filled_with(self, keys: Sequence[Any]) -> list[Any]:
        """Return the parameters with these keys, as the database stores them."""
        pairs = zip(self.parameters, self.slots, strict=True)
        return [fixed if slot is None else keys[slot] for fixed, slot in pairs]


class Prepared(Generic[Row]):
    """A query by keys: `build` makes its queryset, of objects without joined ones or of `values()`, from the keys.

    All else in the query is fixed: `build` runs once for each number of keys.
    """

    def __init__(self, build: Callable[[Sequence[Any]], "QuerySet[Any, Row]"]) -> None:
        self.build = build
        self.compiled = lru_cache(MOST_FORMS)(partial(compiled, build))

    def rows(self, keys: Iterable[Any]) -> list[Row]:
        """Return the rows for these keys; no query without a key."""
        return rows_together((self, keys))[0]

    def row(self, key: Any) -> Row | None:
        """Return the first row for this key; None if there is none."""
        return next(iter(self.rows([key])), None)


def rows_together(*asked: tuple[Prepared[Any], Iterable[Any]]) -> list[list[Any]]:
    """Return the rows of each query for its keys, as `Prepared.rows`. The queries are executed in their order.

    PostgreSQL gets them in one message; each sees what was committed until its own turn, as one that is sent alone.
    """
    wanted = [(query, [stored(key) for key in keys]) for query, keys in asked]
    sent = [(query.compiled(len(keys)), keys) for query, keys in wanted if keys]
    found = iter(executed(sent) if connection.vendor == "postgresql" else [executed([one])[0] for one in sent])
    return [next(found) if keys else [] for _query, keys in wanted]


def executed(queries: Sequence[tuple[Compiled, Sequence[Any]]]) -> list[list[Any]]:
    """Return the rows of each of these queries, which are sent in one message."""
    if not queries:
        return []
    found = []
    with connection.cursor() as cursor:
        values = [value for query, keys in queries for value in query.filled_with(keys)]
        cursor.execute("; ".join(query.statement for query, _ in queries), values)
        for place, (query, _keys) in enumerate(queries):
            if place:
                cursor.nextset()
            found.append(query.read(cursor.fetchall()))
    return found


def compiled(build: Callable[[Sequence[Any]], "QuerySet[Any, Any]"], number: int) -> Compiled:
    """Return the compiled query for so many keys, found in its parameters by random ones that stand for them."""
    marks = [uuid4() for _ in range(number)]
    queryset = build(marks)
    compiler: Any = queryset.query.get_compiler(connection=connection)
    statement, parameters = compiler.as_sql()
    slot_of = {form: slot for slot, mark in enumerate(marks) for form in (stored(mark), str(mark))}
    slots = [slot_of.get(value) if isinstance(value, UUID | str) else None for value in parameters]
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    return Compiled(statement, parameters, slots, partial(objects, queryset, compiler, converters))


def objects(queryset: "QuerySet[Any, Any]", compiler: Any, converters: Any, rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Return the rows as the queryset gives them: objects of its model, or dictionaries."""
    values = compiler.apply_converters(rows, converters) if converters else rows
    if issubclass(queryset._iterable_class, ModelIterable):
        names = [field.attname for field in queryset.model._meta.concrete_fields]
        return [queryset.model.from_db(connection.alias, names, row) for row in values]
    names = list(queryset.query.selected or ())
    return [dict(zip(names, row, strict=True)) for row in values]


def stored(key: Any) -> Any:
    """Return the key as the database stores it; a text stays as it is."""
    return key if isinstance(key, str) else UUIDS.get_db_prep_value(key, connection)
