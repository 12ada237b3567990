"""Tables whose rows are records: triggers in the database refuse to change or delete what a row says.

Two doors are open. A run of `events/pruning.py` may delete rows whose retention is over. It has a row of its own
(`Pruning`), which stays as the record of it, and which it opens inside the transaction that deletes. Even then only a
row for which MAY_GO holds leaves: an event only when it is in an archive that was read back. And an erasure of a person
may change the columns of ERASABLE, in which names stand; it has a row of its own, too.

So the protection also holds for SQL that bypasses the ORM. The triggers are created after every `migrate`, and dropped
before a `migrate` that has something to do: a migration may move or fill a column, and SQLite loses the triggers of a
table that it rebuilds. No other code drops them. The owner of the database can; `manage.py check --database default`
then reports a warning.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

# Each record table with the columns that may change after the row was written; all other columns are protected.
RECORDS: dict[str, frozenset[str]] = {
    "events.Event": frozenset({"outcome"}),
    "events.DeadLetter": frozenset({"state", "settled_at", "settled_by", "edited", "note", "published_at"}),
    "clarifications.Answer": frozenset(),
    "accounts.AuditRecord": frozenset({"count"}),
    "accounts.AuditSeal": frozenset(),
    "admin.LogEntry": frozenset(),
    "events.Archive": frozenset({"events", "size", "sha256", "verified_at", "emptied_at", "removed_at"}),
    "events.Pruning": frozenset({"removed", "is_open"}),
    "events.Erasure": frozenset({"finished_at", "counts", "archives", "is_open"}),
}
# Columns in which names of people stand: an erasure may take these out (`events/erasures.py`).
ERASABLE: dict[str, frozenset[str]] = {
    "events.Event": frozenset({"payload"}),
    "events.DeadLetter": frozenset({"raw", "reason", "trace"}),
    "clarifications.Answer": frozenset({"value", "answered_by", "answered_for"}),
    "accounts.AuditRecord": frozenset({"actor", "target", "address", "details"}),
    "admin.LogEntry": frozenset({"object_repr", "change_message"}),
    "events.Pruning": frozenset({"by"}),
    "events.Erasure": frozenset({"by", "reason"}),
}
ERASING = "EXISTS (SELECT 1 FROM events_erasure run WHERE run.is_open)"
# Which rows of a record table may go, as SQL over the row (`OLD`) and the run that deletes (`run`). Of others none may.
MAY_GO = {
    "events.Event": "EXISTS (SELECT 1 FROM backlog_project p JOIN events_archive a ON a.id = p.archive_id"
    " WHERE p.id = OLD.project_id AND a.verified_at IS NOT NULL)",
    "events.DeadLetter": "OLD.state <> 'open' AND OLD.settled_at < run.until",
    "accounts.AuditRecord": "OLD.recorded_at < run.until",
    "admin.LogEntry": "OLD.action_time < run.until",
}
PREFIX = "append_only_"
REFUSAL_WORDS = "is append-only: what it says is never changed or deleted."
# SQLite accepts these names for the key of a row, too: an update may use them.
ROW_IDS = ("rowid", "oid", "_rowid_")
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {PREFIX}refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% {REFUSAL_WORDS}', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
# The trigger of each database. A statement that touches no row, or only changeable columns, does not fire it.
TRIGGER = {
    "sqlite": "CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN"
    f" SELECT RAISE(ABORT, '{{table}} {REFUSAL_WORDS}'); END",
    "postgresql": "CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each}"
    f" EXECUTE FUNCTION {PREFIX}refusal()",
}
# The trigger of a table from which rows may go, or in which names may be erased.
GUARD = {
    "sqlite": "CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN NOT {may} BEGIN"
    f" SELECT RAISE(ABORT, '{{table}} {REFUSAL_WORDS}'); END",
    "postgresql": f"CREATE OR REPLACE FUNCTION {PREFIX}{{kind}}_{{table}}() RETURNS trigger LANGUAGE plpgsql AS $$"
    f" BEGIN IF {{may}} THEN RETURN COALESCE(NEW, OLD); END IF; RAISE EXCEPTION '% {REFUSAL_WORDS}', TG_TABLE_NAME"
    " USING ERRCODE = 'restrict_violation'; END $$;"
    f" CREATE OR REPLACE TRIGGER {{name}} BEFORE {{event}} ON {{table}} FOR EACH ROW"
    f" EXECUTE FUNCTION {PREFIX}{{kind}}_{{table}}()",
}
EXISTING = {
    "sqlite": f"SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '{PREFIX}%'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
    f" WHERE tgname LIKE '{PREFIX}%' AND tgenabled IN ('O', 'A') AND pg_table_is_visible(tgrelid)",
}


def create_triggers(using: str = "default", **sent: Any) -> None:
    """Create the triggers of every record table that lacks one of its present shape; runs after each migrate."""
    connection = connections[using]
    with connection.cursor() as cursor:
        wanted, existing = wanted_triggers(connection, cursor), existing_triggers(connection, cursor)
        if wanted.keys() != existing.keys() and connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
    for table in sorted({table for table, _ in wanted.values()} | {*existing.values()}):
        new = {name: statement for name, (of, statement) in wanted.items() if of == table}
        old = [name for name, of in existing.items() if of == table]
        if new.keys() != {*old}:
            replace_triggers(connection, table, old, new.values())


def drop_triggers(using: str = "default", plan: Any = (), **sent: Any) -> None:
    """Drop the triggers before a migrate that has something to do (`plan` is not empty)."""
    if plan:
        drop_all_triggers(connections[using])


def missing_triggers(using: str) -> list[str]:
    """Return the names of triggers that are missing or disabled, sorted."""
    connection = connections[using]
    with connection.cursor() as cursor:
        return sorted(wanted_triggers(connection, cursor).keys() - existing_triggers(connection, cursor).keys())


def wanted_triggers(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> dict[str, tuple[str, str]]:
    """Return {trigger name: (table, the statement that creates it)}; the name ends with a digest of its shape."""
    tables = set(connection.introspection.table_names(cursor))
    labels = {apps.get_model(label)._meta.db_table: label for label in RECORDS}
    wanted = {}
    for table in sorted(tables & labels.keys()):
        for event, each, may in refused_events(connection, cursor, labels[table]):
            shape, verb = blake2b(f"{event}{may}".encode(), digest_size=4).hexdigest(), event.split()[0].lower()
            name = f"{PREFIX}{table}_{verb}_{shape}"
            kind = "erasing" if verb == "update" else "guard"
            pattern = (GUARD if may else TRIGGER)[connection.vendor]
            statement = pattern.format(name=name, event=event, table=table, each=each, may=may, kind=kind)
            wanted[name] = table, statement
    return wanted


def condition_to_go(label: str) -> str:
    """Return the SQL that holds for a row that a run may delete; empty if no row of this model may go."""
    if label not in MAY_GO:
        return ""
    run = f"SELECT 1 FROM events_pruning run WHERE run.is_open AND run.record = '{label}'"
    return f"EXISTS ({run} AND ({MAY_GO[label]}))"


def refused_events(connection: BaseDatabaseWrapper, cursor: CursorWrapper, label: str) -> list[tuple[str, str, str]]:
    """Return (event, ROW or STATEMENT, the SQL under which it is let by) for what the table of the model refuses.

    Refused are updates of protected columns, deletes and truncates.
    """
    table, changing = apps.get_model(label)._meta.db_table, RECORDS[label]
    cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
    columns = [name for name, *_ in cursor.description or ()]
    erasable = ERASABLE.get(label, frozenset())
    protected = [f'"{name}"' for name in columns if name not in changing | erasable]
    protected += ROW_IDS if connection.vendor == "sqlite" else ()
    refused = [(f"UPDATE OF {', '.join(protected)}", "ROW", ""), ("DELETE", "ROW", condition_to_go(label))]
    if erasable:
        names = ", ".join(f'"{name}"' for name in sorted(erasable))
        refused.append((f"UPDATE OF {names}", "ROW", ERASING))
    return refused if connection.vendor == "sqlite" else [*refused, ("TRUNCATE", "STATEMENT", "")]


def existing_triggers(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> dict[str, str]:
    """Return {trigger name: table} of the existing and enabled triggers whose names have our prefix."""
    cursor.execute(EXISTING[connection.vendor])
    return dict(cursor.fetchall())


def drop_all_triggers(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger whose name has our prefix."""
    with connection.cursor() as cursor:
        existing = existing_triggers(connection, cursor)
    for table in sorted({*existing.values()}):
        replace_triggers(connection, table, [name for name, of in existing.items() if of == table], ())


def replace_triggers(
    connection: BaseDatabaseWrapper, table: str, old: Iterable[str], statements: Iterable[str]
) -> None:
    """Drop these triggers of the table, and create others by the statements, in one transaction.

    One table at a time: who held the locks of several would deadlock with processes that write to them meanwhile.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for name in old:
            cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))
        for statement in statements:
            cursor.execute(statement)
