"""The dead-letter stream speaks to older readers, and what workers elsewhere put there is heard."""

import asyncio
from typing import Any

import orjson
import pytest
from django.conf import settings
from pytest_django import Settings

from backlog.consumers import DeadLettersConsumer
from backlog.flow import replies
from backlog.models import Item, Project
from backlog.states import ItemState, ProjectStatus
from events import deadletters, streams
from events.deadletters.outgoing import publish_dead_letters
from events.models import DeadLetter
from events.work import UnitOfWork
from runtime.groups import stream_consumers
from runtime.management.commands.consume import server
from tests.flows import deliverable, dispatch_of, item_of, on_the_log, opened, put, reply, request, step, tell
from tests.invariants import violations
from tests.system import run_to_rest, serve_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

# What readers of the older contract look for.
FOURTEEN = {
    *("timestamp", "event_id", "event_type", "reason", "schema_id", "consumer_group", "attempts", "first_seen_at"),
    *("last_seen_at", "error_message", "stack_trace", "original_event", "original_fields", "service"),
}


def hear() -> None:
    """Let the reader of the dead-letter stream, and then everybody, do what there is to do."""
    letters = server(stream_consumers(), DeadLettersConsumer.group, settings.DLQ_STREAM, 1)
    asyncio.run(serve_to_rest([letters]))
    run_to_rest()


def given_up(dispatch: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a worker of the older contract says of a dispatch that it cannot handle."""
    said = {"event_id": dispatch["event_id"], "event_type": dispatch["event_type"], "original_event": dispatch}
    about = {"reason": "handler_error", "error_message": "KeyError: 'rate'", "attempts": 5, "service": "cost-worker"}
    return said | about | {"consumer_group": "cost_workers", "stack_trace": "Traceback …"} | changes


def put_on_dead_letters(*said: dict[str, Any] | bytes) -> None:
    """XADD to the dead-letter stream, in the field `dlq`."""
    for each in said:
        raw = each if isinstance(each, bytes) else orjson.dumps(each)
        streams.client().xadd(settings.DLQ_STREAM, {"dlq": raw})


def test_a_dead_letter_carries_the_fourteen_keys_of_the_older_contract() -> None:
    event = request("nowhere")
    tell(event)
    publish_dead_letters()
    ((_, fields),) = streams.client().xrange(settings.DLQ_STREAM)
    told = orjson.loads(fields[b"dlq"])
    assert set(told) == FOURTEEN
    assert (told["event_id"], told["original_event"], told["service"]) == (event["event_id"], event, "interlock")
    assert (told["reason"], told["attempts"]) == ("UnknownTemplate", 1)


def test_a_dead_letter_that_cannot_be_read_is_told_too() -> None:
    put(b"\xff\x00{")
    run_to_rest()
    publish_dead_letters()
    ((_, fields),) = streams.client().xrange(settings.DLQ_STREAM)
    told = orjson.loads(fields[b"dlq"])
    assert (told["event_id"], told["original_event"]) == (None, "\ufffd\x00{")


def test_where_nothing_unsigned_is_accepted_a_letter_from_elsewhere_is_kept_and_fails_no_item(
    settings: Settings,
) -> None:
    project = opened()
    settings.UNSIGNED_EVENTS = "refuse"
    put_on_dead_letters(given_up(dispatch_of(project)))
    hear()
    assert (item_of(project).state, DeadLetter.objects.get().error_class) == (ItemState.IN_PROGRESS, "BuriedElsewhere")


def test_what_a_worker_elsewhere_gave_up_fails_its_item_at_once_and_is_shown() -> None:
    project = opened()
    put_on_dead_letters(given_up(dispatch_of(project)))
    hear()
    item = item_of(project)
    assert (item.state, item.attempts) == (ItemState.FAILED, 1)
    assert "KeyError: 'rate'" in item.reason
    assert Project.objects.get().status == ProjectStatus.FAILED
    letter = DeadLetter.objects.get()
    assert (letter.error_class, letter.group, letter.attempts) == ("BuriedElsewhere", "cost_workers", 5)
    assert (letter.reason, letter.event_type) == ("KeyError: 'rate'", "WORK.ITEM_DISPATCHED")
    assert len(on_the_log("WORK.ITEM_FAILED")) == 1
    assert violations(dead_letters=1) == []


@pytest.mark.both
def test_it_is_heard_once_however_often_its_entry_is_read() -> None:
    project = opened(step("only", max_attempts=3))
    put_on_dead_letters(given_up(dispatch_of(project)), given_up(dispatch_of(project)))
    hear()
    streams.client().xgroup_setid(settings.DLQ_STREAM, DeadLettersConsumer.group, "0")
    hear()
    assert (DeadLetter.objects.count(), len(on_the_log("WORK.ITEM_FAILED"))) == (2, 1)


def test_a_dispatch_that_was_superseded_is_shown_and_fails_nothing() -> None:
    project = opened()
    dispatch = dispatch_of(project)
    tell(reply(dispatch, "CLARIFICATION.NEEDED", {"reason": "Which?"}))
    put_on_dead_letters(given_up(dispatch))
    hear()
    assert item_of(project).state == ItemState.BLOCKED
    assert DeadLetter.objects.count() == 1


@pytest.mark.both
@pytest.mark.parametrize(
    "said",
    [
        *(b"", b"nonsense", b"[]", b"\xff\x00", b'{"event_id": 7}', b'{"event_id": "seven", "attempts": "many"}'),
        b'{"original_event": {"event_id": {}}, "attempts": 1e300, "reason": ["a"]}',
        b'{"attempts": NaN}',
    ],
)
def test_whatever_others_put_there_is_kept_and_stops_nobody(said: bytes) -> None:
    project = opened()
    put_on_dead_letters(said, given_up(dispatch_of(project)))
    hear()
    assert item_of(project).state == ItemState.FAILED
    assert DeadLetter.objects.count() == 2


def test_flat_fields_are_read_as_well() -> None:
    project = opened()
    dispatch = dispatch_of(project)
    fields = {"original_event": orjson.dumps(dispatch), "error_message": "It broke.", "service": "cost-worker"}
    streams.client().xadd(settings.DLQ_STREAM, fields)
    hear()
    assert item_of(project).state == ItemState.FAILED
    assert DeadLetter.objects.get().reason == "It broke."


def test_our_own_dead_letters_are_not_read_back() -> None:
    tell(request("nowhere"))
    publish_dead_letters()
    hear()
    publish_dead_letters()
    assert (DeadLetter.objects.count(), streams.length(settings.DLQ_STREAM)) == (1, 1)


def test_what_others_gave_up_cannot_be_replayed_and_says_what_to_do() -> None:
    put_on_dead_letters(given_up(dispatch_of(opened())))
    hear()
    with pytest.raises(deadletters.NotReplayable, match="retry the item"):
        deadletters.replay(DeadLetter.objects.get(), by="ann")


def test_a_deliverable_before_the_refusal_changes_nothing_about_it() -> None:
    project = opened()
    dispatch = dispatch_of(project)
    tell(reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable()))
    put_on_dead_letters(given_up(dispatch))
    hear()
    assert item_of(project).state == ItemState.FAILED


def test_one_refused_item_that_cannot_go_on_costs_the_others_and_the_process_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, bad = opened(), opened()
    refuse = replies.fail_refused_item

    def refuse_but_the_bad(work: UnitOfWork, item: Item, *, reason: str) -> None:
        if item.project_id == bad.pk:
            raise ValueError("This item cannot go on.")
        refuse(work, item, reason=reason)

    monkeypatch.setattr(replies, "fail_refused_item", refuse_but_the_bad)
    put_on_dead_letters(given_up(dispatch_of(bad)), given_up(dispatch_of(good)))
    hear()
    assert (item_of(good).state, item_of(bad).state) == (ItemState.FAILED, ItemState.IN_PROGRESS)
