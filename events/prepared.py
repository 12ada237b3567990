"""Queries by keys, UUIDs or texts, that are compiled once in each process, and then only executed.

To make a queryset and to compile it takes the ORM longer than to execute it and to read a few rows: 0.5 of 0.7 ms. A
request of a person or a program loads single rows by a dozen such queries.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet, UUIDField
from django.db.models.query import ModelIterable

from events.instances import loaded
from events.statements import execute, execute_then, is_together, together

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

    All else in the query is fixed: `build` runs once, on SQLite once for each number of keys.
    """

    def __init__(self, build: Callable[[Sequence[Any]], "QuerySet[Any, Row]"]) -> None:
        self.build = build
        self.compiled = lru_cache(MOST_FORMS)(partial(compiled, build))

    def rows(self, keys: Iterable[Any]) -> list[Row]:
        """Return the rows for these keys; no query without a key."""
        wanted = as_stored(keys)
        if not wanted:
            return []
        query, parameters = self.for_keys(wanted)
        return query.read(execute(query.statement, parameters, fetch=True))

    def row(self, key: Any) -> Row | None:
        """Return the first row for this key; None if there is none."""
        return next(iter(self.rows([key])), None)

    def for_keys(self, wanted: Sequence[Any]) -> tuple[Compiled, list[Any]]:
        """Return the compiled query for these stored keys and its parameters; PostgreSQL gets all keys in one."""
        if connection.vendor == "postgresql":
            query, parts = self.compiled(1), [list(wanted)]
        else:
            query, parts = self.compiled(len(wanted)), list(wanted)
        return query, query.filled_with(parts)


class Fixed(Generic[Row]):
    """A query that is always the same: `build` makes its queryset, as in `Prepared`, and runs once."""

    def __init__(self, build: Callable[[], "QuerySet[Any, Row]"]) -> None:
        self.compiled = cache(lambda: compiled(lambda _keys: build(), 0))

    def rows(self) -> list[Row]:
        """Return the rows."""
        query = self.compiled()
        return query.read(execute(query.statement, query.parameters, fetch=True))


Asked = tuple[Prepared[Any], Iterable[Any]]


def rows_together(*asked: Asked) -> list[list[Any]]:
    """Return the rows of each query for its keys, as `Prepared.rows`. The queries are executed in their order.

    PostgreSQL gets them together; each sees what was committed until its own turn, as one that is sent alone.
    """
    if is_together():  # the answers of a block come at its end, and these rows are wanted now
        return [prepared.rows(keys) for prepared, keys in asked]
    found: dict[int, list[Any]] = {}
    with together():
        for place, (prepared, keys) in enumerate(asked):
            if wanted := as_stored(keys):
                query, parameters = prepared.for_keys(wanted)
                execute_then(query.statement, parameters, partial(keep, found, place, query))
    return [found.get(place, []) for place in range(len(asked))]


class ReadAhead:
    """Rows that are read before it is known which of them are needed, together with other statements."""

    def __init__(self) -> None:
        self._found: dict[tuple[Prepared[Any], frozenset[Any]], list[Any]] = {}

    def read(self, asked: Iterable[Asked]) -> None:
        """Execute each query for its keys; in `statements.together`, the rows are there at its end."""
        for prepared, keys in asked:
            if wanted := frozenset(keys):
                query, parameters = prepared.for_keys(as_stored(wanted))
                place = (prepared, wanted)
                execute_then(query.statement, parameters, partial(keep, self._found, place, query))

    def rows_together(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows as the function of this name, each of those that were read ahead once.

        Rows are read again if they were read ahead for other keys.
        """
        wanted = [(prepared, frozenset(keys)) for prepared, keys in asked]
        found = {one: self._found.pop(one) for one in wanted if one in self._found}
        if missing := [one for one in wanted if one[1] and one not in found]:
            found |= zip(missing, rows_together(*missing), strict=True)
        return [found.get(one, []) for one in wanted]


def keep(found: dict[Any, list[Any]], place: object, query: Compiled, rows: list[Any]) -> None:
    """Keep the objects of these rows under the place of their query."""
    found[place] = query.read(rows)


def compiled(build: Callable[[Sequence[Any]], "QuerySet[Any, Any]"], number: int) -> Compiled:
    """Return the compiled query for so many keys, found in its parameters by random ones that stand for them."""
    marks = [uuid4() for _ in range(number)]
    queryset = build(marks)
    compiler: Any = queryset.query.get_compiler(connection=connection)
    statement, parameters = compiler.as_sql()
    slot_of = {form: slot for slot, mark in enumerate(marks) for form in (*as_stored([mark]), str(mark))}
    slots = [slot_of.get(value) if isinstance(value, UUID | str) else None for value in parameters]
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    if connection.vendor == "postgresql":
        statement = with_array(statement, [slot is not None for slot in slots])
    return Compiled(statement, parameters, slots, partial(objects, queryset, compiler, converters))


def with_array(statement: str, is_key: Sequence[bool]) -> str:
    """Return the statement with `= ANY(%s)` in place of each `IN (%s)` of a key: one text for any number of keys.

    `is_key` tells for each placeholder whether a key takes its place. Raises ValueError if it is in no `IN`.
    """
    parts = statement.split("%s")
    for at, (before, after) in enumerate(pairwise(parts)):
        if is_key[at]:
            if not (before.endswith(" IN (") and after.startswith(")")):
                raise ValueError(f"A key is compared otherwise than by __in: {statement}")
            parts[at] = before.removesuffix("IN (") + "= ANY("
    return "%s".join(parts)


def objects(queryset: "QuerySet[Any, Any]", compiler: Any, converters: Any, rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Return the rows as the queryset gives them: objects of its model, or dictionaries."""
    values = compiler.apply_converters(rows, converters) if converters else rows
    if issubclass(queryset._iterable_class, ModelIterable):
        return [loaded(queryset.model, row) for row in values]
    names = list(queryset.query.selected or ())
    return [dict(zip(names, row, strict=True)) for row in values]


def as_stored(keys: Iterable[Any]) -> list[Any]:
    """Return the keys as the database stores them; a text stays as it is."""
    database = connections[DEFAULT_DB_ALIAS]
    as_it_is = (str, UUID) if database.features.has_native_uuid_field else str
    return [key if isinstance(key, as_it_is) else UUIDS.get_db_prep_value(key, database) for key in keys]
