"""Rows written in bulk are those that Django itself would have written."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from accounts.postgresql.cursors import pipeline
from backlog.blueprints import newest_version
from backlog.models import Item, Project
from events import bulk, ledger, statements
from events.envelope import Envelope, Source
from events.models import Event, Outbox
from tests.flows import step, template

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]

NOW = datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)
# What a JSON document might change on the way: quotes, brackets, other scripts, control characters, numbers.
ODD = ["", "a'b\"c\\d", "%s %(x)s {}", "né 🚂 \u202e", "tab\tline\nend", "null", "\\u0041"]


def project(**values: Any) -> Project:
    """A project that is not saved yet."""
    if "template" not in values:
        values["template"] = newest_version(template(step("only")))
    return Project(**{"title": "P", "opened_at": NOW} | values)


@pytest.mark.parametrize("text", ODD)
def test_texts_and_documents_come_back_as_they_were(text: str) -> None:
    bulk.insert(
        Project, [made := project(title=text[:200], reason=text, intake={text or "k": [text, 1.5, None, 2**53]})]
    )
    read = Project.objects.get(pk=made.pk)
    assert (read.title, read.reason, read.intake) == (made.title, text, made.intake)
    assert (read.opened_at, read.finished_at, read.status) == (NOW, None, "OPEN")


def test_only_the_named_fields_are_written() -> None:
    first, second = project(title="one"), project(title="two")
    bulk.insert(Project, [first, second])
    first.title, first.reason = "changed", "changed"
    bulk.update(Project, [first], ["reason"])
    assert list(Project.objects.order_by("reason").values_list("title", "reason")) == [("two", ""), ("one", "changed")]


def test_nulls_and_documents_can_be_taken_back() -> None:
    bulk.insert(Project, [made := project()])
    item = Item(
        project=made,
        position=0,
        key="a",
        title="A",
        item_type="t",
        agent_target="x",
        evidence={"a": 1},
        deadline_at=NOW,
    )
    bulk.insert(Item, [item])
    item.evidence = item.deadline_at = None
    bulk.update(Item, [item], ["evidence", "deadline_at"])
    read = Item.objects.get()
    assert (read.evidence, read.deadline_at, read.depends_on) == (None, None, [])


def test_keys_that_the_database_gives_come_in_order_and_bytes_stay_bytes() -> None:
    rows = [Outbox(owner=str(n), events=bytes([0, n, 255]), written_at=NOW) for n in range(5)]
    bulk.insert(Outbox, rows)
    assert [(o.pk, o.owner, bytes(o.events)) for o in Outbox.objects.order_by("pk")] == [
        (row.pk, row.owner, row.events) for row in rows
    ]
    bulk.delete(Outbox, [row.pk for row in rows[1:]])
    assert list(Outbox.objects.values_list("pk", flat=True)) == [rows[0].pk]


def test_what_is_there_already_is_not_inserted_again() -> None:
    records = [record(), record()]
    inserted: list[set[UUID]] = []
    for some in (records[:1], records, []):
        bulk.insert_new(Event, some, unique="event_id", then=inserted.append)
    assert inserted == [{records[0].event_id}, {records[1].event_id}]
    with pytest.raises(IntegrityError):
        bulk.insert(Event, records)


def record() -> ledger.Record:
    """A row for the ledger."""
    return ledger.record_of(Envelope("X.Y", {"a": 1}, Source("s", "1"), uuid4()), now=NOW)


def test_what_is_written_together_takes_effect_in_its_order() -> None:
    made = project()
    old, new = (Outbox(owner=name, events=b"", written_at=NOW) for name in ("old", "new"))
    bulk.insert(Outbox, [old])
    with statements.together():
        bulk.insert(Project, [made])
        made.reason = "first %s; 'second'"
        bulk.update(Project, [made], ["reason"])
        with statements.together():
            bulk.insert(Outbox, [new])
        bulk.delete(Outbox, [old.pk])
    assert Project.objects.get(pk=made.pk).reason == made.reason
    assert list(Outbox.objects.values_list("pk", "owner")) == [(new.pk, "new")]


def test_what_fails_together_leaves_nothing_that_waits() -> None:
    made = project()
    with pytest.raises(IntegrityError), transaction.atomic(), statements.together():
        bulk.insert(Project, [made, made])
    bulk.insert(Project, [made])
    assert Project.objects.filter(pk=made.pk).exists()


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite runs in this process.")
def test_a_connection_that_is_cut_is_one_error_and_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with closing(psycopg.connect(**connection.get_connection_params())) as raw:
        with pytest.raises(psycopg.OperationalError, match="closed") as raised:
            send_on_a_cut_connection(raw)
        assert "failed, too" in raised.value.__notes__[0]
    assert caplog.records == []


def send_on_a_cut_connection(raw: psycopg.Connection[Any]) -> None:
    """A block of statements whose connection is cut before the first one."""
    with pipeline(raw):
        raw.pgconn.finish()
        raw.execute("SELECT 1")


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite runs in this process.")
def test_statements_that_are_sent_together_are_answered_together() -> None:
    with statements.together():
        bulk.insert(Outbox, [row := Outbox(owner="x", events=b"", written_at=NOW)])
        assert row.pk is None
    assert row.pk == Outbox.objects.get().pk


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite updates each row by its key.")
def test_one_row_is_updated_by_its_key_however_many_there_are() -> None:
    version = newest_version(template(step("only")))
    bulk.insert(Project, [project(template=version) for _ in range(2000)])
    with connection.cursor() as cursor:
        columns = bulk.updated_columns(Project, frozenset(["reason"]))
        one = bulk.document([Project.objects.all()[0]], columns)
        cursor.execute(f"EXPLAIN {bulk.update_statement(Project, columns)}", [one, 1])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan" in plan
    assert "Seq Scan" not in plan
