"""The ledger by REST: by project, type, time and cause."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.roles import OPERATOR
from events.models import Event
from tests.callers import Caller, machine
from tests.forging import unprotected

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> Caller:
    """A machine that opened two projects."""
    caller = machine("bot", OPERATOR)
    for title in ("First", "Second"):
        said = {"request_text": "Do it.", "template": "minimal", "title": title}
        assert caller.post("projects", said).status_code == 201
    return caller


def seqs(caller: Caller, **query: object) -> list[int]:
    """The numbers of the events that the query finds."""
    return [event["seq"] for event in caller.get("events", limit=200, **query).json()["results"]]


def test_events_are_found_by_project_type_number_and_cause(bot: Caller) -> None:
    first = Event.objects.earliest("seq")
    project = str(first.project_id)
    assert seqs(bot) == sorted(seqs(bot))
    assert set(seqs(bot, project=project)) < set(seqs(bot))
    assert len(seqs(bot, type="PROJECT.OPENED")) == 2
    assert min(seqs(bot, after=first.seq)) > first.seq
    caused = set(Event.objects.filter(causation_id=first.event_id).values_list("seq", flat=True))
    assert set(seqs(bot, causation=str(first.event_id))) == caused != set()


def test_events_since_a_moment_are_found_without_reading_those_before(bot: Caller) -> None:
    events = list(Event.objects.order_by("seq"))
    now = timezone.now()
    with unprotected():
        for age, event in enumerate(reversed(events)):
            Event.objects.filter(pk=event.pk).update(recorded_at=now - timedelta(hours=age))
    since = (now - timedelta(hours=3, minutes=30)).isoformat()
    assert seqs(bot, since=since) == [event.seq for event in events[-4:]]
    assert seqs(bot, since=now.isoformat()) == []
    assert seqs(bot, since="2020-01-01T00:00:00Z") == [event.seq for event in events]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        seqs(bot, since=since)
    assert len(queries) < 25
