"""An event takes effect once, however often and wherever it arrives."""

import random
from collections import Counter

import pytest
from pytest_django import Settings

from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from events import streams
from events.models import DeadLetter, Event
from tests.flows import completed, dispatch_of, item_of, opened, put, request, tell
from tests.invariants import violations
from tests.system import group_server, run_to_rest, serving
from tests.tally import FLOWS
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]


def test_the_same_id_twice_in_one_batch_opens_one_project(broker: None) -> None:
    event = request()
    tell(event, event)
    assert Project.objects.count() == 1
    assert Event.objects.filter(type="PROJECT.OPENED").count() == 1
    assert violations() == []


def test_the_same_id_in_two_batches_opens_one_project(broker: None) -> None:
    event = request()
    tell(event)
    tell(event)
    assert Project.objects.count() == 1
    assert violations() == []


def test_the_same_entry_delivered_again_before_its_ack_has_no_second_effect(
    broker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lost:
        lost.setattr(streams, "ack", lambda *_: None)
        put(request())
        run_to_rest("orchestrator")
    before = Event.objects.count()
    run_to_rest()
    assert (Project.objects.count(), Event.objects.count()) == (1, before)
    assert violations() == []


def test_two_consumers_of_a_group_that_get_the_same_event_apply_it_once(broker: None) -> None:
    events = [request() for _ in range(20)]
    put(*[copy for event in events for copy in (event, event, event)])
    servers = [group_server("orchestrator", slot=slot) for slot in (1, 2)]
    for server in servers:
        server.batch_size = 1
    with serving(*servers, group_server("validators"), group_server("clarifications")):
        wait_until(lambda: not violations())
    opened_events = Event.objects.filter(type="PROJECT.OPENED").values_list("project_id", flat=True)
    assert Counter(map(str, opened_events)) == Counter(event["payload"]["project_id"] for event in events)


def test_requests_that_come_one_to_ten_times_in_any_order_open_one_project_each(broker: None) -> None:
    chance, events = random.Random(), [request() for _ in range(2 * FLOWS)]
    deliveries = [event for event in events for _ in range(chance.randint(1, 10))]
    chance.shuffle(deliveries)
    tell(*deliveries)
    opened_events = Event.objects.filter(type="PROJECT.OPENED").values_list("project_id", flat=True)
    assert Counter(map(str, opened_events)) == Counter(event["payload"]["project_id"] for event in events)
    assert Event.objects.filter(type="PROJECT.INITIAL_REQUEST_RECEIVED").count() == len(events)
    assert violations() == []


def test_an_entry_taken_over_by_a_second_consumer_is_applied_once(broker: None, settings: Settings) -> None:
    settings.RECLAIM_IDLE_SECONDS = 0.05
    put(*(request() for _ in range(3)))
    streams.ensure_group(settings.STREAM_NAME, "orchestrator")
    streams.read_new(settings.STREAM_NAME, "orchestrator", "a-consumer-that-died", count=10)
    with serving(*(group_server(group) for group in ("orchestrator", "validators", "clarifications"))):
        wait_until(lambda: not violations() and Project.objects.count() == 3)
    assert Event.objects.filter(type="PROJECT.OPENED").count() == 3


def test_a_worker_that_says_everything_three_times_finishes_its_item_once(broker: None) -> None:
    project = opened()
    said = completed(dispatch_of(project))
    tell(said, said)
    tell(said)
    assert item_of(project).state == ItemState.DONE
    assert Event.objects.filter(type="WORK.ITEM_REVIEWED").count() == 1
    assert violations() == []


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "later"])
def test_the_same_id_with_another_body_becomes_one_dead_letter(broker: None, together: bool) -> None:
    event = request()
    other = request() | {"event_id": event["event_id"]}
    if together:
        tell(event, other)
    else:
        tell(event)
        tell(other)
    letter = DeadLetter.objects.get()
    assert (letter.error_class, str(letter.event_id)) == ("ConflictingEvent", event["event_id"])
    assert str(Project.objects.get().pk) == event["payload"]["project_id"]
    assert violations(dead_letters=1) == []


def test_the_same_event_said_again_at_another_time_is_a_duplicate_and_no_conflict(broker: None) -> None:
    event = request()
    tell(event, event | {"timestamp": "2031-05-05T05:05:05+00:00"})
    assert Project.objects.get().status == ProjectStatus.OPEN
    assert violations() == []


def test_two_requests_for_one_project_id_are_one_project_and_one_dead_letter(broker: None) -> None:
    event = request()
    again = request(project_id=event["payload"]["project_id"])
    tell(event, again)
    assert DeadLetter.objects.get().error_class == "ProjectExists"
    assert Item.objects.count() == 3
    assert violations(dead_letters=1) == []
