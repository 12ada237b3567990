"""The ledger and the dead letters in the admin."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from backlog.models import Project
from events import streams
from events.deadletters import bury
from events.errors import InvalidEvent
from events.models import DeadLetter, Event
from events.streams import Entry
from tests.forging import unprotected

pytestmark = pytest.mark.django_db

EVENTS = "/admin/events/event/"
LETTERS = "admin:events_deadletter_changelist"


@pytest.fixture
def letter(broker: None) -> DeadLetter:
    """An entry that is no event, with bytes that no page should show as they are."""
    fields = {b"event": b"<script>\xff\x00" + b"x" * 50_000, b"type": b"NONSENSE"}
    bury(Entry(settings.STREAM_NAME, "1-1", fields, 1), "validators", InvalidEvent("It is not JSON."))
    return DeadLetter.objects.get()


def act(client: Client, action: str, letter: DeadLetter, **data: str) -> list[str]:
    """The messages that the action leaves."""
    response = client.post(reverse(LETTERS), {"action": action, "_selected_action": [str(letter.pk)], **data})
    return [str(message) for message in get_messages(response.wsgi_request)]


def state(letter: DeadLetter) -> tuple[str, str]:
    """Its state and note, as the database has them now."""
    now = DeadLetter.objects.get(pk=letter.pk)
    return now.state, now.note


def found(client: Client, **query: str) -> list[str]:
    """The event types that the list shows."""
    return [event.type for event in client.get(EVENTS, query).context["cl"].result_list]


def test_the_ledger_is_read_only(staff: Client, opened: Callable[..., Project]) -> None:
    event = Event.objects.filter(project_id=opened().pk).first()
    assert event is not None
    page = reverse("admin:events_event_change", args=[event.pk])
    assert "INITIAL_REQUEST_RECEIVED" in staff.get(page).content.decode()
    assert staff.post(page, {"type": "CHANGED"}).status_code == 403
    assert staff.post(reverse("admin:events_event_delete", args=[event.pk]), {"post": "yes"}).status_code == 403
    assert staff.get(reverse("admin:events_event_add")).status_code == 403
    assert Event.objects.get(pk=event.pk).type == event.type


def test_events_are_found_by_a_whole_id_and_by_nothing_else(staff: Client, opened: Callable[..., Project]) -> None:
    project, _ = opened(), opened()
    event = Event.objects.filter(project_id=project.pk).last()
    assert event is not None
    total = Event.objects.filter(project_id=project.pk).count()
    assert len(found(staff, q=str(project.pk))) == total
    assert len(found(staff, q=project.correlation_id.hex)) == total
    assert found(staff, q=str(event.event_id)) == [event.type]
    assert (found(staff, q=str(uuid4())), found(staff, q=str(project.pk)[:8])) == ([], [])


def test_events_are_filtered_by_their_type(staff: Client, opened: Callable[..., Project]) -> None:
    opened()
    assert found(staff, type="PROJECT.OPENED") == ["PROJECT.OPENED"]


def test_the_list_of_events_reads_no_payload_and_counts_no_further_than_it_must(
    staff: Client, opened: Callable[..., Project], django_assert_max_num_queries: Any
) -> None:
    opened()
    with django_assert_max_num_queries(8) as queries:
        staff.get(EVENTS)
    of_the_ledger = [query["sql"] for query in queries.captured_queries if "events_event" in query["sql"]]
    assert not any('"payload"' in sql for sql in of_the_ledger)
    assert all("LIMIT" in sql for sql in of_the_ledger if "COUNT" in sql)


def test_a_dead_letter_shows_its_entry_safely_and_in_bounds(staff: Client, letter: DeadLetter) -> None:
    html = staff.get(reverse("admin:events_deadletter_change", args=[letter.pk])).content.decode()
    for text in ("It is not JSON.", "NONSENSE", "&lt;script&gt;\\xff", "(50,010 bytes)", "InvalidEvent"):
        assert text in html, text
    assert "<script>\\xff" not in html
    assert len(html) < 60_000


def test_a_dead_letter_is_replayed_once(staff: Client, letter: DeadLetter) -> None:
    assert act(staff, "replay_entries", letter)[0].startswith("Replayed: ")
    assert state(letter) == ("replayed", "Replayed by ann")
    assert streams.client().xrange(settings.STREAM_NAME)[0][1] == letter.fields
    assert "settled before" in act(staff, "replay_entries", letter)[-1]
    assert streams.length(settings.STREAM_NAME) == 1


def test_a_dead_letter_is_discarded_once_for_a_reason(staff: Client, letter: DeadLetter) -> None:
    assert act(staff, "discard_letters", letter) == []
    assert act(staff, "discard_letters", letter, reason="A test of mine.")[0].startswith("Discarded: ")
    assert state(letter) == ("discarded", "Discarded by ann: A test of mine.")
    assert "settled before" in act(staff, "discard_letters", letter, reason="Again.")[-1]


def test_a_dead_letter_stays_open_while_the_broker_is_out_of_reach(
    staff: Client, letter: DeadLetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: Any) -> str:
        raise streams.BROKER_ERRORS[0]("The broker is away.")

    monkeypatch.setattr(streams, "replay", unreachable)
    assert "nothing changed. The broker is away." in act(staff, "replay_entries", letter)[0]
    assert state(letter) == ("open", "")


def test_who_may_only_look_settles_no_dead_letter(viewer: Client, letter: DeadLetter) -> None:
    act(viewer, "replay_entries", letter)
    act(viewer, "discard_letters", letter, reason="Away.")
    assert state(letter) == ("open", "")


def test_a_dead_letter_is_found_by_the_id_of_its_event(staff: Client, letter: DeadLetter) -> None:
    event_id = uuid4()
    with unprotected():
        DeadLetter.objects.update(event_id=event_id)
    found = [staff.get(reverse(LETTERS), {"q": str(term)}).context["cl"].result_count for term in (event_id, uuid4())]
    assert found == [1, 0]
