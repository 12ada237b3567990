"""Finds an account together with its permissions in one statement, by the digest of a key or by its name.

Every request with a key and every answer by event runs such a statement, so nothing is cached: a revoked key, a
deactivated account and a changed role count from the next one on. The statements are written here, because the ORM
would make three of each and compile them anew each time, which took longer than all else that a short request does.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Literal, TypeVar

from django.db import connection, models

from accounts.models import ApiKey, User

M = TypeVar("M", bound=models.Model)
Convert = Callable[[Any], Any]
# What is granted to the account itself and to its groups, as "app.codename app.codename …".
PERMISSIONS = """
    SELECT {joined} FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
    WHERE p.id IN (
        SELECT g.permission_id FROM accounts_user_groups m JOIN auth_group_permissions g ON g.group_id = m.group_id
        WHERE m.user_id = u.id
        UNION SELECT o.permission_id FROM accounts_user_user_permissions o WHERE o.user_id = u.id
    )"""
JOINED = {
    "postgresql": "STRING_AGG(t.app_label || '.' || p.codename, ' ')",
    "sqlite": "GROUP_CONCAT(t.app_label || '.' || p.codename, ' ')",
}


def find_key(digest: str) -> ApiKey | None:
    """Return the key with this digest, expired or not, with its account in `user`; None if there is no such key.

    The account has the permissions that `has_perm` would otherwise load, where Django keeps them.
    """
    row = first_row(key_statement(connection.vendor), digest)
    if row is None:
        return None
    key, user = instance(ApiKey, row), with_permissions(row[len(columns(ApiKey)) :])
    key.user = user
    return key


def find_account(username: str) -> User | None:
    """Return the account of this name with its permissions, active or not; None if there is none."""
    row = first_row(account_statement(connection.vendor), username)
    return None if row is None else with_permissions(row)


def first_row(statement: str, parameter: str) -> Sequence[Any] | None:
    """Return the first row that the statement finds, or None.

    A connection that keeps plans (of the web and of the consumers) prepares the statement, unless somebody wraps it.
    """
    database: Any = connection  # that of PostgreSQL has more than others
    row: Sequence[Any] | None
    with connection.cursor() as cursor:
        if getattr(connection, "keeps_plans", False) and not connection.execute_wrappers:
            with connection.wrap_database_errors:
                row = database.direct_cursor().execute(statement, [parameter], prepare=True).fetchone()
        else:
            cursor.execute(statement, [parameter])
            row = cursor.fetchone()
        return row


def with_permissions(row: Sequence[Any]) -> User:
    """Return the account whose columns come first in the row, with the permissions that come last."""
    user = instance(User, row)
    if not user.is_superuser:  # who needs no permissions, and is listed as having all of them
        user._perm_cache = set((row[-1] or "").split())  # type: ignore[attr-defined]
    return user


@cache
def key_statement(vendor: str) -> str:
    """Return the statement that finds a key and its account; its parameter is the digest of the key."""
    key, user = ApiKey._meta.db_table, User._meta.db_table
    return f"{selected('k', 'u', vendor=vendor)} FROM {key} k JOIN {user} u ON u.id = k.user_id WHERE k.digest = %s"


@cache
def account_statement(vendor: str) -> str:
    """Return the statement that finds an account; its parameter is the name."""
    return f"{selected('u', vendor=vendor)} FROM {User._meta.db_table} u WHERE u.username = %s"


def selected(*aliases: Literal["k", "u"], vendor: str) -> str:
    """Return the SELECT of every column of the key (`k`) and of the account (`u`), then of its permissions."""
    models = {"k": ApiKey, "u": User}
    wanted = [f'{alias}."{name}"' for alias in aliases for name, *_ in columns(models[alias])]
    return f"SELECT {', '.join(wanted)}, ({PERMISSIONS.format(joined=JOINED[vendor])})"


@cache
def columns(model: type[models.Model]) -> tuple[tuple[str, str, Sequence[Convert]], ...]:
    """Return (column, attribute, converters from the database's value) of each field of the model."""
    return tuple((str(f.column), f.attname, converters(f)) for f in model._meta.concrete_fields)


def converters(field: Any) -> list[Convert]:
    """Return what has to be done, in this order, to a value that the database gives for the field."""
    column = field.get_col(field.model._meta.db_table)
    steps = (*connection.ops.get_db_converters(column), *field.get_db_converters(connection))
    return [partial(convert_value, step, column) for step in steps]


def convert_value(step: Callable[..., Any], column: Any, value: Any) -> Any:
    """Return the value after one step of its conversion."""
    return step(value, column, connection)


def instance(model: type[M], row: Sequence[Any]) -> M:
    """Return the object of the model whose columns are the first of the row."""
    values = []
    for value, (_column, _attribute, steps) in zip(row, columns(model), strict=False):
        for convert in steps:
            value = convert(value)
        values.append(value)
    return model.from_db(connection.alias, [attribute for _column, attribute, _steps in columns(model)], values)
