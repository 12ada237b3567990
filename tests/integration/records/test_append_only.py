"""What is on record is changed and deleted by nobody, by raw SQL neither."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.management.sql import emit_pre_migrate_signal
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations import Migration
from django.utils import timezone

from accounts.audit import AuditRecord
from accounts.models import AuditSeal, User
from backlog.models import Project, Template
from clarifications.models import Answer, Question
from events.append_only import ERASABLE, RECORDS, create_triggers, existing_triggers, missing_triggers
from events.erasures import opened_records
from events.models import Archive, DeadLetter, Erasure, Event, Pruning

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]


def an_event() -> Event:
    """An event on record."""
    now, ids = timezone.now(), {"event_id": uuid4(), "correlation_id": uuid4()}
    said = {"type": "PROJECT.OPENED", "service": "s", "instance": "1", "payload": {}, "digest": "d"}
    return Event.objects.create(timestamp=now, recorded_at=now, **ids, **said)


def a_letter() -> DeadLetter:
    """A dead letter."""
    now = timezone.now()
    where = {"stream": "audit:events", "entry_id": "1-0", "group": "orchestrator"}
    return DeadLetter.objects.create(**where, reason="r", error_class="E", first_seen=now, last_seen=now, raw=b"[]")


def an_answer() -> Answer:
    """The answer to a question."""
    now = timezone.now()
    template = Template.objects.create(name="forged", version=1, definition={})
    project = Project.objects.create(title="P", template=template, opened_at=now)
    said = {"field": "f", "title": "t", "schema": {}, "pointer": "/f", "asked_by": "a"}
    times = {"asked_at": now, "due_at": now, "next_step_at": now}
    question = Question.objects.create(project=project, **said, **times)
    return Answer.objects.create(
        question=question, value=1, answered_by="a", door="web", answered_at=now, event_id=uuid4()
    )


def a_log_entry() -> LogEntry:
    """What the admin notes of an act."""
    user, kind = User.objects.create_user("ann"), ContentType.objects.get_for_model(User)
    return LogEntry.objects.create(user=user, content_type=kind, object_id="1", object_repr="r", action_flag=2)


def an_audit_record() -> AuditRecord:
    """What is noted about an account."""
    return AuditRecord.objects.create(action=AuditRecord.Action.SIGNED_IN, actor="ann", target="ann")


def an_archive() -> Archive:
    """The row of a file with events."""
    return Archive.objects.create(month="2025-11", project_ids=b"", made_at=timezone.now())


def a_run() -> Pruning:
    """The row of a run that deletes records."""
    now = timezone.now()
    return Pruning.objects.create(record="events.DeadLetter", until=now, began_at=now, by="ann")


def a_seal() -> AuditSeal:
    """What chains the audit log."""
    return AuditSeal.objects.create(first_id=1, last_id=1, ids=[1], digests=b"", digest="d")


def an_erasure() -> Erasure:
    """The row of an erasure of a person."""
    return Erasure.objects.create(account_id=1, by="ann", reason="r", began_at=timezone.now())


EXAMPLES: dict[str, Callable[[], models.Model]] = {
    "events.Event": an_event,
    "events.DeadLetter": a_letter,
    "clarifications.Answer": an_answer,
    "admin.LogEntry": a_log_entry,
    "accounts.AuditRecord": an_audit_record,
    "events.Archive": an_archive,
    "events.Pruning": a_run,
    "events.Erasure": an_erasure,
    "accounts.AuditSeal": a_seal,
}

# What each record says, which nobody may change.
SAID = {
    "events.Event": {
        *("seq", "event_id", "type", "version", "timestamp", "service", "instance", "correlation_id"),
        *("causation_id", "project_id", "payload", "digest", "recorded_at", "stream_id"),
    },
    "events.DeadLetter": {
        *("id", "stream", "entry_id", "group", "event_id", "event_type", "reason", "schema_id", "error_class"),
        *("trace", "attempts", "first_seen", "last_seen", "raw", "organisation_id"),
    },
    "clarifications.Answer": {"question_id", "value", "answered_by", "answered_for", "door", "answered_at", "event_id"},
    "admin.LogEntry": {
        *("id", "action_time", "user_id", "content_type_id", "object_id", "object_repr", "action_flag"),
        "change_message",
    },
    "accounts.AuditRecord": {
        *("id", "recorded_at", "action", "actor", "actor_id", "target", "target_id", "address", "details"),
        "organisation_id",
    },
    "events.Archive": {"id", "month", "project_ids", "made_at"},
    "events.Pruning": {"id", "record", "until", "began_at", "by"},
    "events.Erasure": {"id", "account_id", "by", "reason", "began_at"},
    "accounts.AuditSeal": {"id", "first_id", "last_id", "ids", "digests", "digest", "sealed_at"},
}


def columns_of(label: str) -> set[str]:
    """The columns of the model's table."""
    return {field.column for field in apps.get_model(label)._meta.concrete_fields}


def run(sql: str, *values: Any) -> int:
    """Run one statement; the number of rows it touched."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def refuses(sql: str) -> bool:
    """Whether the database refuses the statement because a table is append-only; it touches a row otherwise."""
    try:
        return run(sql) == 0
    except IntegrityError as error:
        return "is append-only: what it says is never changed or deleted" in str(error)


@pytest.mark.parametrize("label", RECORDS)
def test_what_a_record_says_is_changed_by_no_statement(label: str) -> None:
    table, columns = EXAMPLES[label]()._meta.db_table, columns_of(label)
    refused = {name for name in columns if refuses(f'UPDATE {table} SET "{name}" = "{name}"')}
    assert refused == columns - RECORDS[label]


@pytest.mark.parametrize("label", ERASABLE)
def test_an_erasure_changes_the_columns_of_names_and_nothing_else(label: str) -> None:
    table, columns = EXAMPLES[label]()._meta.db_table, columns_of(label)
    with opened_records(an_erasure()):
        refused = {name for name in columns if refuses(f'UPDATE {table} SET "{name}" = "{name}"')}
        assert refused == columns - RECORDS[label] - ERASABLE[label]
        assert refuses(f"DELETE FROM {table}")
    assert refuses(f'UPDATE {table} SET "{min(ERASABLE[label])}" = "{min(ERASABLE[label])}"')


@pytest.mark.parametrize("label", RECORDS)
def test_a_record_is_deleted_by_no_statement(label: str) -> None:
    table = EXAMPLES[label]()._meta.db_table
    assert refuses(f"DELETE FROM {table}")
    if connection.vendor == "postgresql":
        connection.check_constraints()
        assert refuses(f"TRUNCATE {table} CASCADE")


def test_a_record_is_not_deleted_by_the_orm() -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        an_event().delete()


def test_a_row_of_sqlite_is_not_replaced_nor_given_another_number() -> None:
    an_event()
    columns = ", ".join(columns_of("events.Event"))
    replacing = f"INSERT OR REPLACE INTO events_event ({columns}) SELECT {columns} FROM events_event"
    for statement in (replacing, "UPDATE events_event SET rowid = rowid + 1"):
        assert connection.vendor != "sqlite" or refuses(statement)


def test_nothing_that_came_or_was_said_is_among_what_changes_later() -> None:
    assert {label: columns_of(label) - changing for label, changing in RECORDS.items()} == SAID


def test_every_column_that_changes_later_is_one_of_its_table() -> None:
    assert not {label: rest for label, changing in RECORDS.items() if (rest := changing - columns_of(label))}


def test_the_command_that_empties_a_database_is_refused() -> None:
    an_event()
    with connection.cursor() as cursor:
        emptying = connection.ops.sql_flush(no_style(), connection.introspection.table_names(cursor))
    assert any(refuses(statement) for statement in emptying if "events_event" in statement)


@pytest.mark.django_db(transaction=True)
def test_a_table_that_a_migration_changed_is_protected_again_after_it() -> None:
    narrow, wide = Event._meta.get_field("service"), models.TextField(name="service")
    wide.set_attributes_from_name("service")
    an_event()
    emit_pre_migrate_signal(0, False, "default", apps=apps, plan=[(Migration("0099", "events"), False)])
    for old, new in ((narrow, wide), (wide, narrow)):
        with connection.schema_editor() as editor:
            editor.alter_field(Event, old, new)
    assert [fault.id for fault in run_checks(databases=["default"])] == ["events.W002"]
    call_command("migrate", verbosity=0)
    assert not run_checks(databases=["default"])
    with pytest.raises(IntegrityError, match="append-only"):
        run("UPDATE events_event SET service = service")


def test_a_migrate_without_anything_to_do_leaves_the_protection_alone() -> None:
    emit_pre_migrate_signal(0, False, "default", apps=apps, plan=[])
    assert not missing_triggers("default")
    create_triggers()
    assert not missing_triggers("default")


def test_a_trigger_that_was_dropped_or_disabled_is_complained_of_and_put_back() -> None:
    name, table = existing()[0]
    spoiled = [f"DROP TRIGGER {name}"]
    if connection.vendor == "postgresql":
        spoiled = [f"DROP TRIGGER {name} ON {table}", f"ALTER TABLE {table} DISABLE TRIGGER {name}"]
    for statement in spoiled:
        run(statement)
        assert [name in fault.msg for fault in run_checks(databases=["default"])] == [True]
        create_triggers()
        assert not run_checks(databases=["default"])


def existing() -> list[tuple[str, str]]:
    """(trigger, table) of each that protects a record."""
    with connection.cursor() as cursor:
        return sorted(existing_triggers(connection, cursor).items())
