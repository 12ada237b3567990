"""A migration only expands: the release before works on, beside this one. CONTRIBUTING.md says how."""

from typing import Any

import pytest
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState

from events.index_operations import AddIndexBesideWriters
from health.database import known_migrations
from tests.expanding import objections
from tests.house import rooms

# The newest migration of each app when this rule came; those up to it are not looked at.
BEFORE_THE_RULE = {
    "accounts": 8,
    "api": 2,
    "backlog": 8,
    "clarifications": 7,
    "events": 5,
    "intake": 2,
    "reports": 1,
    "webhooks": 3,
}
# What is done all the same: {(app, migration, operation): the reason, which CHANGELOG gives, too}.
ARGUED: dict[tuple[str, str, str], str] = {
    ("backlog", "0012_organisation_of_template", "AddConstraint"): "It takes the place of one over fewer columns: the "
    "release before looks for the highest version before it writes, in an organisation that stays the first one.",
}


def is_new(app: str, name: str) -> bool:
    """Whether the migration came after the rule."""
    return app in rooms() and int(name[:4]) > BEFORE_THE_RULE.get(app, 0)


def test_a_new_migration_takes_nothing_away_that_the_release_before_uses() -> None:
    loader = MigrationLoader(None)
    found = [
        f"{app} {name}: {words}"
        for (app, name), migration in loader.disk_migrations.items()
        if is_new(app, name)
        for words in objections(migration, loader.project_state((app, name), at_end=False))
        if (app, name, words.partition(":")[0]) not in ARGUED
    ]
    assert found == []


def test_the_migrations_are_known_by_their_files_as_if_they_were_loaded() -> None:
    assert known_migrations() == set(MigrationLoader(None).disk_migrations)


def state() -> ProjectState:
    """A table of events with two columns."""
    fields = [("id", models.AutoField(primary_key=True)), ("note", models.CharField(max_length=100, null=True))]
    return ProjectState({("events", "event"): ModelState("events", "Event", fields)})


def migration(*listed: Any) -> Migration:
    """A migration of these operations."""
    made = Migration("0099_tried", "events")
    made.operations = list(listed)
    return made


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (operations.RemoveField("event", "note"), "remove it one release later"),
        (operations.RenameField("event", "note", "remark"), "remove it one release later"),
        (operations.DeleteModel("Event"), "remove it one release later"),
        (operations.AlterField("event", "note", models.CharField(max_length=100)), "writes null"),
        (operations.AlterField("event", "note", models.CharField(max_length=50, null=True)), "longer texts"),
        (operations.AddField("event", "more", models.IntegerField(default=0)), "db_default"),
        (operations.AddConstraint("event", models.UniqueConstraint(fields=["note"], name="one")), "may break it"),
        (operations.RunPython(operations.RunPython.noop), "give it a reverse"),
        (operations.RunSQL("SELECT 1"), "give it a reverse"),
        (operations.AddIndex("event", models.Index(fields=["note"], name="by_note")), "locks a large table"),
    ],
)
def test_what_takes_something_away_is_found(operation: Any, says: str) -> None:
    [words] = objections(migration(operation), state())
    assert says in words
    hidden = operations.SeparateDatabaseAndState(database_operations=[operation])
    assert says in next(objections(migration(hidden), state()))


@pytest.mark.parametrize(
    "operation",
    [
        operations.AddField("event", "more", models.IntegerField(null=True)),
        operations.AddField("event", "more", models.IntegerField(db_default=0)),
        operations.AlterField("event", "note", models.CharField(max_length=200, null=True)),
        operations.AlterField("event", "note", models.CharField(max_length=100, db_default="")),
        operations.RunPython(operations.RunPython.noop, operations.RunPython.noop),
        AddIndexBesideWriters("event", models.Index(fields=["note"], name="by_note")),
        operations.CreateModel("New", [("id", models.AutoField(primary_key=True))]),
    ],
)
def test_what_adds_is_allowed(operation: Any) -> None:
    assert list(objections(migration(operation), state())) == []


def test_a_table_that_the_migration_makes_may_be_made_in_steps() -> None:
    made = operations.CreateModel("New", [("id", models.AutoField(primary_key=True))])
    steps = [operations.AddField("new", "more", models.IntegerField()), operations.RemoveField("new", "more")]
    assert list(objections(migration(made, *steps), state())) == []
