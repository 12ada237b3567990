"""Which operations of a migration the release before would not survive: it runs while the database is migrated."""

from collections.abc import Iterator

from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field

# Tables with rows for each event, item or question: an index that locks one stops the system for minutes.
LARGE = {
    "events": {"event", "deadletter"},
    "backlog": {"project", "item", "workcontext", "deliverable"},
    "clarifications": {"question", "blocking", "answer"},
}
# What the release before still reads or writes is gone, or has another name.
GONE = (
    *(operations.RemoveField, operations.RenameField, operations.DeleteModel, operations.RenameModel),
    operations.AlterModelTable,
)
STRICTER = (operations.AddConstraint, operations.AlterUniqueTogether)


def objections(migration: Migration, before: ProjectState) -> Iterator[str]:
    """What is wrong with the migration, in words that begin with the operation; `before` is the state until it."""
    state = before.clone()
    # A table that the migration itself makes is not known to the release before.
    own = {o.name_lower for o in migration.operations if isinstance(o, operations.CreateModel)}
    for operation in migration.operations:
        for part in database_operations([operation]):
            is_own = getattr(part, "model_name_lower", getattr(part, "name_lower", "")) in own
            if not is_own and (why := objection(part, migration.app_label, state)):
                yield f"{type(part).__name__}: {part.describe()}: {why}"
        operation.state_forwards(migration.app_label, state)


def database_operations(listed: list[Operation]) -> Iterator[Operation]:
    """The operations that reach the database."""
    for operation in listed:
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from database_operations(operation.database_operations)
        else:
            yield operation


def objection(operation: Operation, app: str, before: ProjectState) -> str:
    """What is wrong with the operation; empty if nothing is."""
    if isinstance(operation, GONE):
        return "the release before still uses it: remove it one release later"
    if isinstance(operation, STRICTER):
        return "rows of the release before may break it: one release later"
    if isinstance(operation, operations.AddField) and needs_value(operation.field):
        return "the release before writes rows without it: let it be null, or give it a db_default"
    if isinstance(operation, operations.AlterField):
        return narrower(operation, app, before)
    if isinstance(operation, operations.RunPython | operations.RunSQL) and not operation.reversible:
        return "it cannot be undone: give it a reverse"
    return locking(operation, app)


def needs_value(field: Field) -> bool:  # type: ignore[type-arg]
    """Whether a row that does not name the column is refused."""
    return not field.null and field.db_default is NOT_PROVIDED and not field.many_to_many


def narrower(operation: operations.AlterField, app: str, before: ProjectState) -> str:
    """What is wrong with a changed column that allows less than before."""
    old, new = before.models[app, operation.model_name.lower()].fields[operation.name], operation.field
    if old.null and needs_value(new):
        return "the release before writes null: one release later, or with a db_default"
    if (new.max_length or 10**9) < (old.max_length or 10**9):
        return "the release before writes longer texts: one release later"
    return ""


def locking(operation: Operation, app: str) -> str:
    """What is wrong with an index that is made while nobody else can write."""
    if type(operation) is operations.AddIndex and operation.model_name_lower in LARGE.get(app, ()):
        return "it locks a large table: AddIndexBesideWriters (events/index_operations.py), with atomic = False"
    return ""
