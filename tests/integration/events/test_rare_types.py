"""The index by type has only the types that are rare; the others are found among the newest rows."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import QuerySet

from events import bulk, ledger
from events.envelope import Envelope, Source
from events.models import FREQUENT_TYPES, Event

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]

NOW = datetime(2026, 2, 28, tzinfo=UTC)


def test_a_rare_type_is_found_by_its_index_and_a_frequent_one_among_the_newest() -> None:
    types = [*FREQUENT_TYPES * 500, "PROJECT.FAILED"]
    bulk.insert(Event, [ledger.record_of(Envelope(kind, {}, Source("s", "1"), uuid4()), now=NOW) for kind in types])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event")
    assert [event.type for event in newest_of("PROJECT.FAILED")] == ["PROJECT.FAILED"]
    assert len(newest_of("WORK.ITEM_COMPLETED")) == 100
    if connection.vendor == "postgresql":  # SQLite, where ledgers are small, goes through the newest rows for both
        assert "event_of_rare_type" in newest_of("PROJECT.FAILED").explain()
        assert "events_event_pkey" in newest_of("WORK.ITEM_COMPLETED").explain()


def newest_of(kind: str) -> QuerySet[Event]:
    """The first page of the events of one type, as the admin and the REST interface show it."""
    return Event.objects.filter(type=kind).order_by("-seq")[:100]
