"""The outbox rows of a web process: deleted on a thread beside its requests, and never while they are unpublished."""

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from events import bulk, deletion, outbox
from events.models import Outbox
from runtime.web_connections import is_quiet
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]
OWNER = "web-1"


@pytest.fixture
def beside() -> Iterator[None]:
    """Rows are deleted beside the requests."""
    with deletion.beside_requests(OWNER):
        yield


def rows(count: int) -> list[int]:
    """So many rows of the outbox."""
    now = timezone.now()
    return [Outbox.objects.create(owner=OWNER, events=b"", written_at=now).pk for _ in range(count)]


def test_rows_that_are_handed_over_are_deleted_together(beside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, real = [], bulk.delete

    def watched(model: type[Outbox], keys: list[int]) -> None:
        seen.append(sorted(keys))
        real(model, keys)

    monkeypatch.setattr(bulk, "delete", watched)
    written = rows(5)
    for row in written:
        outbox.delete_later(row)
    wait_until(lambda: not Outbox.objects.exists())
    assert sorted(key for keys in seen for key in keys) == written
    assert len(seen) < len(written)


def test_what_was_handed_over_is_deleted_before_the_process_ends() -> None:
    with deletion.beside_requests(OWNER):
        for row in rows(3):
            outbox.delete_later(row)
    assert not Outbox.objects.exists()
    assert deletion.current is None


def test_rows_are_deleted_when_a_database_that_was_away_is_back(beside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refusals = bulk.delete, [OperationalError("away"), OperationalError("away")]

    def away_at_first(model: type[Outbox], keys: list[int]) -> None:
        if refusals:
            raise refusals.pop()
        real(model, keys)

    monkeypatch.setattr(bulk, "delete", away_at_first)
    outbox.delete_later(*rows(1))
    wait_until(lambda: not Outbox.objects.exists())
    assert not refusals


def test_a_session_that_the_server_has_ended_is_seen_without_asking() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has sessions")
    connection.ensure_connection()
    session = connection.connection
    assert is_quiet(session)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [session.info.backend_pid])
    other.close()
    wait_until(lambda: not is_quiet(session))
    connection.close()
    connection.ensure_connection()
    assert is_quiet(connection.connection)
