"""Anything can be put on the log: what is no event of ours to handle ends as exactly one dead letter."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.conf import settings

from backlog.models import Item, Project
from backlog.states import ItemState
from events import streams
from events.deadletters.outgoing import publish_dead_letters
from events.models import DeadLetter
from tests.flows import completed, dispatch_of, envelope, on_the_log, opened, put, request
from tests.invariants import violations
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db(transaction=True)]

Fields = dict[str, bytes]


def event_field(event: dict[str, Any] | bytes) -> Fields:
    """The fields of an entry that carries this alone."""
    return {"event": event if isinstance(event, bytes) else orjson.dumps(event)}


def text_of(event: dict[str, Any], old: str, new: str) -> Fields:
    """The request's JSON with a piece of its text replaced, which no JSON writer would do."""
    raw = orjson.dumps(event).decode()
    assert old in raw
    return {"event": raw.replace(old, new, 1).encode(errors="surrogatepass")}


def without(key: str) -> dict[str, Any]:
    """A request whose envelope lacks a key."""
    return {name: value for name, value in request().items() if name != key}


TEXT = "Find out where our time goes."
BAD: dict[str, tuple[Callable[[], Fields], str]] = {
    "no field called event": (lambda: {"data": b"{}"}, "InvalidEvent"),
    "an empty event": (lambda: event_field(b""), "InvalidEvent"),
    "not JSON": (lambda: event_field(b"hello"), "InvalidEvent"),
    "a list": (lambda: event_field(b"[1, 2]"), "InvalidEvent"),
    "a number": (lambda: event_field(b"7"), "InvalidEvent"),
    "null": (lambda: event_field(b"null"), "InvalidEvent"),
    "an empty object": (lambda: event_field(b"{}"), "InvalidEvent"),
    "an envelope without a key": (lambda: event_field(without("causation_id")), "InvalidEvent"),
    "an envelope with one key more": (lambda: event_field(request() | {"extra": 1}), "InvalidEvent"),
    "an event id without a character": (lambda: event_field(request() | {"event_id": ""}), "InvalidEvent"),
    "a time that is no time": (lambda: event_field(request() | {"timestamp": "yesterday"}), "InvalidEvent"),
    "a time outside of the calendar": (
        lambda: event_field(request() | {"timestamp": "0001-01-01T00:00:00+14:00"}),
        "InvalidEvent",
    ),
    "a payload that is a list": (lambda: event_field(request() | {"payload": []}), "InvalidEvent"),
    "an unknown type": (lambda: event_field(request() | {"event_type": "WORK.ITEM_EXPLODED"}), "UnknownEventType"),
    "an unknown version": (lambda: event_field(request() | {"event_version": 2}), "UnknownEventType"),
    "a payload that lacks a key": (
        lambda: event_field(envelope("PROJECT.INITIAL_REQUEST_RECEIVED", {"project_id": str(uuid4())})),
        "InvalidEvent",
    ),
    "a payload with a key too many": (lambda: event_field(request(budget=3)), "InvalidEvent"),
    "a payload of the wrong type": (lambda: event_field(request(request_text=["a"])), "InvalidEvent"),
    "a string of 5 MB": (lambda: event_field(request(request_text="x" * 5_000_000)), "InvalidEvent"),
    "deep nesting": (lambda: event_field(b'{"payload":' * 5000 + b"1" + b"}" * 5000), "InvalidEvent"),
    "deep nesting in a valid payload": (
        lambda: text_of(request(work_context={"deep": 0}), '"deep":0', '"deep":' + "[" * 100 + "]" * 100),
        "InvalidEvent",
    ),
    "a NUL in a string": (lambda: text_of(request(), TEXT, "a\\u0000b"), "InvalidEvent"),
    "a raw NUL byte": (lambda: text_of(request(), TEXT, "a\x00b"), "InvalidEvent"),
    "a NUL in a key": (lambda: text_of(request(work_context={"k": 1}), '"k"', '"k\\u0000"'), "InvalidEvent"),
    "half a surrogate pair, escaped": (lambda: text_of(request(), TEXT, "a\\ud800b"), "InvalidEvent"),
    "half a surrogate pair, in bytes": (lambda: text_of(request(), TEXT, "a\ud800b"), "InvalidEvent"),
    "a number beyond every float": (
        lambda: text_of(request(work_context={"n": 1}), '"n":1', '"n":1e400'),
        "InvalidEvent",
    ),
    "not a number": (lambda: text_of(request(work_context={"n": 1}), '"n":1', '"n":NaN'), "InvalidEvent"),
    "an integer of 400 digits": (
        lambda: text_of(request(work_context={"n": 1}), '"n":1', '"n":' + "9" * 400),
        "InvalidEvent",
    ),
    "a key that is there twice": (
        lambda: text_of(request(), '"request_text"', '"request_text":"x","request_text"'),
        "InvalidEvent",
    ),
    "not UTF-8": (lambda: {"event": orjson.dumps(request()).replace(b"time", b"t\xff\xfee")}, "InvalidEvent"),
    "a label that names another type of ours": (
        lambda: event_field(request()) | {"type": b"WORK.ITEM_STARTED"},
        "InvalidEvent",
    ),
    "a label that names no type": (lambda: event_field(request()) | {"type": b"\xff\x00 nothing"}, "InvalidEvent"),
    "an unknown template": (lambda: event_field(request("nowhere")), "UnknownTemplate"),
    "an unknown item": (lambda: event_field(about("WORK.ITEM_STARTED", any_item().project_id, uuid4())), "UnknownItem"),
    "an item of another project": (
        lambda: event_field(about("WORK.ITEM_STARTED", opened().pk, any_item().pk)),
        "UnknownItem",
    ),
    "an answer to an unknown question": (
        lambda: event_field(
            envelope(
                "USER.ANSWER_SUBMITTED",
                {"project_id": str(any_item().project_id), "question_id": str(uuid4()), "answer": 1},
            )
        ),
        "UnknownQuestion",
    ),
    "an event that only we may say": (
        lambda: event_field(
            envelope(
                "PROJECT.COMPLETED",
                {"project_id": str(any_item().project_id), "title": "Mine", "items": 1, "seconds": 1},
            )
        ),
        "InvalidEvent",
    ),
    "a dispatch that we never made": (
        lambda: event_field(forged_dispatch(any_item())),
        "InvalidEvent",
    ),
    "a dispatch of ours that says something else": (lambda: event_field(changed_dispatch()), "InvalidEvent"),
}


def about(event_type: str, project_id: object, item_id: object, **more: Any) -> dict[str, Any]:
    """An event about an item."""
    return envelope(event_type, {"project_id": str(project_id), "backlog_item_id": str(item_id), **more})


def any_item() -> Item:
    """The item of the project that was opened first."""
    return Item.objects.order_by("project__opened_at")[0]


def forged_dispatch(item: Item) -> dict[str, Any]:
    """A command that looks like ours."""
    more = {"item_type": "task", "agent_target": item.agent_target, "work_context": {"rows": []}}
    return about("WORK.ITEM_DISPATCHED", item.project_id, item.pk, **more)


def changed_dispatch() -> dict[str, Any]:
    """A dispatch of ours under its own id, with a context that we never gave."""
    sent = on_the_log("WORK.ITEM_DISPATCHED")[0]
    context = {"rows": [], "hourly_rate": 1}
    return {**sent, "payload": {**sent["payload"], "work_context": context}}


def put_fields(fields: Fields) -> str:
    """XADD an entry with these fields; its id."""
    added: bytes = streams.client().xadd(settings.STREAM_NAME, fields)
    return added.decode()


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_entry_becomes_one_dead_letter_and_its_neighbours_are_done(broker: None, kind: str) -> None:
    project = opened()
    make, error_class = BAD[kind]
    fields, before, after = make(), request(), completed(dispatch_of(project))
    put(before)
    entry_id = put_fields(fields)
    put(after)
    run_to_rest()
    letter = DeadLetter.objects.get()
    assert (letter.entry_id, letter.error_class, letter.state) == (entry_id, error_class, "open")
    assert letter.fields == {name.encode(): value for name, value in fields.items()}
    assert letter.reason
    assert Project.objects.filter(pk=before["payload"]["project_id"]).exists()
    assert Item.objects.get(pk=after["payload"]["backlog_item_id"]).state == ItemState.DONE
    assert violations(dead_letters=1) == []


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_entry_changes_nothing_in_the_domain(broker: None, kind: str) -> None:
    opened()
    fields = BAD[kind][0]()
    before = everything()
    put_fields(fields)
    run_to_rest()
    assert everything() == before
    assert violations(dead_letters=1) == []


def everything() -> list[Any]:
    """Every project and item with its state."""
    return sorted(Item.objects.values_list("project_id", "pk", "project__status", "state", "started_at", "attempts"))


def test_all_bad_entries_in_one_batch_cost_the_good_ones_nothing(broker: None) -> None:
    opened()
    bad, good = [make() for make, _ in BAD.values()], [request() for _ in BAD]
    for fields, event in zip(bad, good, strict=True):
        put_fields(fields)
        put(event)
    run_to_rest()
    assert Project.objects.filter(pk__in=[event["payload"]["project_id"] for event in good]).count() == len(good)
    assert DeadLetter.objects.values("entry_id").distinct().count() == len(BAD)
    assert violations(dead_letters=len(BAD)) == []


def test_a_dead_letter_says_what_was_wrong_and_which_contract_says_so(broker: None) -> None:
    put(request(request_text=["a"], budget=3))
    run_to_rest()
    letter = DeadLetter.objects.get()
    assert "/request_text" in letter.reason
    assert "budget" in letter.reason
    assert "initial_request_received" in letter.schema_id
    assert letter.event_type == "PROJECT.INITIAL_REQUEST_RECEIVED"


def test_a_dead_letter_is_put_on_its_stream_once_with_its_raw_fields(broker: None) -> None:
    entry_id = put_fields({"event": b"\xff\x00{", "note": b"\x01"})
    run_to_rest()
    publish_dead_letters()
    publish_dead_letters()
    ((_, fields),) = streams.client().xrange(settings.DLQ_STREAM)
    letter = DeadLetter.objects.get()
    assert (fields[b"raw:event"], fields[b"raw:note"]) == (b"\xff\x00{", b"\x01")
    assert (fields[b"entry_id"], fields[b"error_class"]) == (entry_id.encode(), b"InvalidEvent")
    assert fields[b"reason"].decode() == letter.reason
    assert letter.published_at is not None
    assert violations(dead_letters=1) == []


def test_a_bad_entry_that_is_put_twice_is_two_dead_letters(broker: None) -> None:
    entry_ids = [put_fields({"event": b"nonsense"}) for _ in range(2)]
    run_to_rest()
    assert sorted(DeadLetter.objects.values_list("entry_id", flat=True)) == sorted(entry_ids)
    assert violations(dead_letters=2) == []


@pytest.mark.parametrize(
    "spelling",
    ["2026-03-02T09:30:00z", "2026-03-02t09:30:00Z", "2026-03-02 09:30:00+00:00", "2026-03-02t09:30:00.123456789z"],
)
def test_every_spelling_of_a_moment_that_the_contract_allows_is_read(broker: None, spelling: str) -> None:
    event = request("nowhere") | {"timestamp": spelling}
    put(event, request("minimal") | {"timestamp": spelling})
    run_to_rest()
    assert DeadLetter.objects.get().error_class == "UnknownTemplate"
    assert Project.objects.count() == 1
    assert violations(dead_letters=1) == []
