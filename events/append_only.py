"""Tables whose rows are a record: the database itself refuses to change or delete what they say.

Triggers do it, so it holds below the ORM too. They are put up after every migrate, and taken down before one that has
something to do: a migration may move a column or fill a new one, and SQLite forgets the triggers of a table that it
makes anew. Nothing else takes them down. Whoever owns the database can drop them, which `manage.py check --database
default` complains of.
"""

from hashlib import blake2b
from typing import Any

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

# Each table that is a record, with the columns that change after a row was written. Every other column is protected.
RECORDS: dict[str, frozenset[str]] = {
    "events.Event": frozenset(
        {"handled_at", "outcome", "published_at", "stream_id", "work_id", "publishes", "next_publish_at"}
    ),
    "events.DeadLetter": frozenset({"state", "settled_at", "settled_by", "edited", "note", "published_at"}),
    "clarifications.Answer": frozenset(),
    "accounts.AuditRecord": frozenset({"count"}),
    "admin.LogEntry": frozenset(),
}
PREFIX = "append_only_"
WORDS = "is append-only: what it says is never changed or deleted."
# A row of SQLite has its key under these names too.
ROW_IDS = ("rowid", "oid", "_rowid_")
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {PREFIX}refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% {WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
# The name, the event and the table: a statement that touches no row, or only columns that change, costs nothing.
TRIGGER = {
    "sqlite": "CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{table} " + WORDS + "'); END",
    "postgresql": "CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each}"
    f" EXECUTE FUNCTION {PREFIX}refusal()",
}
EXISTING = {
    "sqlite": f"SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
    f" WHERE tgname LIKE '{PREFIX}%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid)",
}


def put_up(using: str = "default", **sent: Any) -> None:
    """Make the triggers of every record, where one is missing or of an earlier shape: after every migrate."""
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        wanted = wanted_triggers(connection, cursor)
        if wanted.keys() == existing_triggers(connection, cursor).keys():
            return
        drop_all(connection, cursor)
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for statement in wanted.values():
            cursor.execute(statement)


def take_down(using: str = "default", plan: Any = (), **sent: Any) -> None:
    """Drop the triggers before a migrate that has something to do."""
    connection = connections[using]
    if plan:
        with transaction.atomic(using=using), connection.cursor() as cursor:
            drop_all(connection, cursor)


def missing_triggers(using: str) -> list[str]:
    """Return the names of the triggers that should be there and are not, or are disabled."""
    connection = connections[using]
    with connection.cursor() as cursor:
        return sorted(wanted_triggers(connection, cursor).keys() - existing_triggers(connection, cursor).keys())


def wanted_triggers(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> dict[str, str]:
    """Return the statement that makes each trigger by its name, which tells one shape from another by a digest."""
    tables = set(connection.introspection.table_names(cursor))
    models = {apps.get_model(label)._meta.db_table: changing for label, changing in RECORDS.items()}
    wanted = {}
    for table in sorted(tables & models.keys()):
        for event, each in refused_events(connection, cursor, table, models[table]):
            shape = blake2b(event.encode(), digest_size=4).hexdigest()
            name = f"{PREFIX}{table}_{event.split()[0].lower()}_{shape}"
            wanted[name] = TRIGGER[connection.vendor].format(name=name, event=event, table=table, each=each)
    return wanted


def refused_events(
    connection: BaseDatabaseWrapper, cursor: CursorWrapper, table: str, changing: frozenset[str]
) -> list[tuple[str, str]]:
    """Return (event, ROW or STATEMENT) of what the table refuses: updates of what is said, deleting, emptying."""
    columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    said = [f'"{name}"' for name in columns if name not in changing]
    if connection.vendor == "sqlite":
        return [(f"UPDATE OF {', '.join([*said, *ROW_IDS])}", "ROW"), ("DELETE", "ROW")]
    return [(f"UPDATE OF {', '.join(said)}", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")]


def existing_triggers(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> dict[str, str]:
    """Return the table of each trigger of ours that is there and enabled."""
    cursor.execute(EXISTING[connection.vendor])
    return dict(cursor.fetchall())


def drop_all(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    """Drop every trigger of ours."""
    for name, table in existing_triggers(connection, cursor).items():
        cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
