"""An index that is made beside writers, on both databases."""

import pytest
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from events.index_operations import AddIndexBesideWriters
from events.models import Event

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

INDEX = models.Index(fields=["service"], name="tried_beside_writers")


def indexes() -> set[str]:
    """The names of the table's indexes."""
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, Event._meta.db_table))


def test_an_index_is_made_and_taken_back() -> None:
    migration = Migration("0099_tried", "events")
    migration.operations, migration.atomic = [AddIndexBesideWriters("event", INDEX)], False
    state = MigrationLoader(connection).project_state()
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(state.clone(), editor)
    assert INDEX.name in indexes()
    with connection.schema_editor(atomic=False) as editor:
        migration.unapply(state.clone(), editor)
    assert INDEX.name not in indexes()
