"""The second wall between organisations, in PostgreSQL: rows of another organisation are not there for a request.

Every table of which a room has said to which organisation its rows belong (`belongs` in `accounts/walls.py`) has a
policy. The owner of the tables, as whom Interlock signs in, is not held to it: so the processes in the background are
not slower, backups hold all rows, and the release before goes on. The statements of a request are sent as another role,
with the number of the request's organisation (`accounts/postgresql/cursors.py`). Without a number that role has no row.

Role, rights and policies are made after every migrate. The name of a policy ends with a digest of its condition, so one
that is said otherwise now is made anew. `check --database default` warns of what is missing.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from django.db import DatabaseError, ProgrammingError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from accounts import walls
from accounts.postgresql.names import UNDEFINED_COLUMN, UNDEFINED_TABLE, role_of

PREFIX = "organisation_"
# After a migrate that was told to stop early.
NOT_THERE_YET = (UNDEFINED_TABLE, UNDEFINED_COLUMN)
# In a subquery, so that it is read once for a statement and not once for a row.
ORGANISATION = "(SELECT NULLIF(current_setting('interlock.organisation', true), '')::bigint)"
EXISTING = f"""
SELECT p.polname, c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND p.polname LIKE '{PREFIX}%' AND c.relrowsecurity
"""
# What the role may not use yet of what the tables' owner has made, as (which right is missing, names). A view is only
# read: whoever wrote through it would write as the owner.
LACKING = """
SELECT right_to, string_agg(oid::regclass::text, ', ')
  FROM (SELECT oid, CASE WHEN relkind = 'S' THEN 'USAGE, SELECT ON SEQUENCE'
                         WHEN relkind = 'v' THEN 'SELECT ON' ELSE 'SELECT, INSERT, UPDATE, DELETE ON' END AS right_to
          FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND pg_has_role(relowner, 'USAGE')
           AND CASE WHEN relkind = 'S' THEN NOT has_sequence_privilege(%(role)s, oid, 'USAGE')
                    WHEN relkind = 'v' THEN NOT has_table_privilege(%(role)s, oid, 'SELECT')
                    WHEN relkind IN ('r', 'p') THEN NOT has_table_privilege(%(role)s, oid, 'INSERT') END) AS lacking
 GROUP BY right_to
"""


def secure_rows(using: str = "default", plan: Any = (), **sent: Any) -> None:
    """Make the role, its rights and every policy that is missing or changed; runs after each migrate.

    After a migrate that went backwards nothing is done: the columns of this version may be gone.
    """
    connection = connections[using]
    if connection.vendor != "postgresql" or any(is_backwards for _migration, is_backwards in plan):
        return
    make_views(connection)
    make_policies(connection)
    with transaction.atomic(using=using), connection.cursor() as cursor:
        role = made_role(connection, cursor)
        if role:
            give_rights(cursor, role)


def release_rows(using: str = "default", plan: Any = (), **sent: Any) -> None:
    """Drop policies and views before a migrate that goes backwards, whose columns they name."""
    connection = connections[using]
    if connection.vendor != "postgresql" or not any(is_backwards for _migration, is_backwards in plan):
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for name, table in existing_policies(cursor).items():
            cursor.execute(f"DROP POLICY {name} ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        for name in walls.VIEWS:
            cursor.execute(f"DROP VIEW IF EXISTS {name}")


# -- views and policies ----------------------------------------------------------------------------
def make_views(connection: BaseDatabaseWrapper) -> None:
    """Make the views that policies need and that are missing."""
    with connection.cursor() as cursor:
        found = {info.name for info in connection.introspection.get_table_list(cursor)}
        for name, select in walls.VIEWS.items():
            if name not in found:
                make(connection, f"CREATE VIEW {name} AS {select}")


def make_policies(connection: BaseDatabaseWrapper) -> None:
    """Make the policies that are missing, each table in a transaction: who held several locks might deadlock."""
    with connection.cursor() as cursor:
        existing = existing_policies(cursor)
        tables = set(connection.introspection.table_names(cursor))
    for name, (table, condition) in wanted_policies().items():
        if table in tables and name not in existing:
            old = [f"DROP POLICY {other} ON {table};" for other, of in existing.items() if of == table]
            made = f"CREATE POLICY {name} ON {table} USING ({condition});"
            make(connection, " ".join([*old, made, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"]))


def make(connection: BaseDatabaseWrapper, statement: str) -> None:
    """Execute the statement in a transaction of its own, unless it names what no migration has made yet."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) not in NOT_THERE_YET:
            raise


def wanted_policies() -> dict[str, tuple[str, str]]:
    """Return {name of the policy: (table, condition for a row)} of every table that has an organisation."""
    wanted = {}
    for model in [*walls.WAYS, *walls.ROWS_IN_SQL]:
        table, condition = model._meta.db_table, condition_of(model)
        digest = blake2b(condition.encode(), digest_size=4).hexdigest()
        wanted[f"{PREFIX}{digest}"] = table, condition
    return wanted


def condition_of(model: type[Model]) -> str:
    """Return the SQL of the condition for rows that a request may have.

    A row's organisation is looked up by primary keys, row by row: of EXISTS the planner would make a list of every
    project of the organisation, for each page of a list.
    """
    if model in walls.ROWS_IN_SQL:
        return walls.ROWS_IN_SQL[model].format(table=model._meta.db_table, organisation=ORGANISATION).strip()
    *hops, last = walls.WAYS[model].split("__")
    at, meta, tables, joins = model._meta.db_table, model._meta, list[str](), list[str]()
    for number, name in enumerate(hops):
        field: Any = meta.get_field(name)
        before, at, meta = at, f"hop{number}", field.related_model._meta
        tables.append(f"{meta.db_table} {at}")
        joins.append(f"{at}.{meta.pk.column} = {before}.{field.column}")
    end: Any = meta.get_field(last)
    found = f"{at}.{end.column}"
    whose = f"(SELECT {found} FROM {', '.join(tables)} WHERE {' AND '.join(joins)})" if tables else found
    return f"{whose} = {ORGANISATION}"


def existing_policies(cursor: CursorWrapper) -> dict[str, str]:
    """Return {name: table} of the policies that hold and whose names have our prefix."""
    cursor.execute(EXISTING)
    return dict(cursor.fetchall())


# -- the role --------------------------------------------------------------------------------------
def made_role(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> str:
    """Return the name of the role of limited statements, made if it is missing; "" if this account may make none."""
    cursor.execute("SELECT session_user")
    role = role_of(cursor.fetchone()[0])
    if not exists(cursor, role):
        try:
            with transaction.atomic(using=connection.alias):
                cursor.execute(f'CREATE ROLE "{role}" NOLOGIN')
                cursor.execute(f'GRANT "{role}" TO CURRENT_USER')
        except DatabaseError:  # it may not, or another process was faster
            return role if exists(cursor, role) else ""
    return role


def exists(cursor: CursorWrapper, role: str) -> bool:
    """Return True if there is this role."""
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
    return cursor.fetchone() is not None


def give_rights(cursor: CursorWrapper, role: str) -> None:
    """Let the role read and write every row that policies let it have, in the tables that it may not use yet."""
    cursor.execute("SELECT current_schema(), has_schema_privilege(%s, current_schema(), 'USAGE')", [role])
    schema, may_use = cursor.fetchone()
    if not may_use:
        cursor.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
    cursor.execute(LACKING, {"role": role})
    for right_to, names in cursor.fetchall():
        cursor.execute(f'GRANT {right_to} {names} TO "{role}"')


# -- what is missing -------------------------------------------------------------------------------
def missing(using: str) -> Iterator[str]:
    """Yield in words what is missing of the second wall."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        existing, tables = existing_policies(cursor), set(connection.introspection.table_names(cursor))
        cursor.execute("SELECT session_user")
        role = role_of(cursor.fetchone()[0])
        if not exists(cursor, role):
            yield f"the role {role}"
    for name, (table, _condition) in wanted_policies().items():
        if table in tables and name not in existing:
            yield f"the policy of {table}"
