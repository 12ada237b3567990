"""An event is the same on both sides of the wire, and its fingerprint says whether two say the same."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Envelope, Source, from_wire, reply_id
from events.errors import InvalidEvent, PermanentError, UnknownEventType

PROJECT, ITEM = str(uuid4()), str(uuid4())
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def said(**changes: Any) -> Envelope:
    """A deliverable, as a worker publishes it."""
    deliverable = {"type": "result", "content": {"total": 3}, "timestamp": NOW.isoformat(), "confidence": 0.8}
    payload = {"project_id": PROJECT, "backlog_item_id": ITEM, "deliverable": deliverable}
    envelope = Envelope("DELIVERABLE.PUBLISHED", payload, Source("elsewhere", "1"), uuid4(), timestamp=NOW)
    return replace(envelope, **changes)


def with_deliverable(**changes: Any) -> Envelope:
    """The same with something else in its deliverable."""
    payload = said().payload
    return said(payload={**payload, "deliverable": {**payload["deliverable"], **changes}})


def test_an_event_comes_off_the_wire_as_it_went_on() -> None:
    event = said(causation_id=uuid4())
    assert from_wire(event.to_wire()) == event


def test_the_wire_has_exactly_the_eight_keys() -> None:
    keys = {
        "event_id",
        "event_type",
        "event_version",
        "timestamp",
        "source",
        "correlation_id",
        "causation_id",
        "payload",
    }
    assert set(orjson.loads(said().to_wire())) == keys


@pytest.mark.parametrize(
    "later",
    [
        said(timestamp=datetime(2031, 1, 1, tzinfo=UTC)),
        said(source=Source("elsewhere", "2")),
        said(correlation_id=uuid4()),
        said(event_id=uuid4()),
        with_deliverable(timestamp="2031-01-01T00:00:00+00:00"),
    ],
    ids=["its time", "its speaker", "its correlation", "its id", "the deliverable's time"],
)
def test_when_and_by_whom_it_was_said_does_not_change_the_fingerprint(later: Envelope) -> None:
    assert later.digest() == said().digest()


@pytest.mark.parametrize(
    "other",
    [
        with_deliverable(content={"total": 4}),
        with_deliverable(confidence=0.9),
        said(payload=said().payload | {"backlog_item_id": str(uuid4())}),
        said(causation_id=uuid4()),
        said(event_type="WORK.ITEM_COMPLETED"),
        said(event_version=2),
    ],
    ids=["a figure", "the confidence", "the item", "the cause", "the type", "the version"],
)
def test_anything_else_changes_the_fingerprint(other: Envelope) -> None:
    assert other.digest() != said().digest()


def test_when_a_worker_began_does_not_change_the_fingerprint() -> None:
    about = {"project_id": PROJECT, "backlog_item_id": ITEM}
    times = ("2026-03-02T09:30:00+00:00", "2026-03-02T09:31:00+00:00")
    began = [said(event_type="WORK.ITEM_STARTED", payload={**about, "started_at": at}) for at in times]
    assert began[0].digest() == began[1].digest()


def test_the_order_of_keys_does_not_change_the_fingerprint() -> None:
    payload = said().payload
    assert said(payload=dict(reversed(payload.items()))).digest() == said().digest()


def test_a_sender_with_a_character_that_databases_refuse_goes_on_no_wire() -> None:
    with pytest.raises(ValueError, match="NUL"):
        said(source=Source("else\0where", "1")).to_wire()
    assert from_wire(said(source=Source(r"else\u0000where", "1")).to_wire()).source.service == r"else\u0000where"


WORTH_SAYING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15) | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), WORTH_SAYING, max_size=4))
def test_whatever_the_wire_takes_comes_back_with_the_same_fingerprint(content: dict[str, Any]) -> None:
    event = with_deliverable(content=content)
    try:
        wire = event.to_wire()
    except ValueError:
        return
    assert from_wire(wire) == event
    assert from_wire(wire).digest() == event.digest()


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_are_an_event_or_a_permanent_error(raw: bytes | str) -> None:
    with pytest.raises(PermanentError):
        from_wire(raw)


def test_every_problem_is_named_with_its_place() -> None:
    document = orjson.loads(said().to_wire())
    document["payload"]["deliverable"] = {"type": "", "content": [], "timestamp": NOW.isoformat(), "confidence": 2}
    with pytest.raises(InvalidEvent) as refusal:
        from_wire(orjson.dumps(document))
    for pointer in ("/deliverable/type", "/deliverable/content", "/deliverable/confidence"):
        assert pointer in str(refusal.value)
    assert "deliverable.published" in refusal.value.schema_id


def test_an_unknown_type_says_where_the_known_ones_are() -> None:
    with pytest.raises(UnknownEventType, match="schemas list"):
        from_wire(said(event_type="WORK.ITEM_EXPLODED").to_wire())


def test_a_reply_always_has_the_same_id_and_another_for_another_purpose() -> None:
    dispatch = UUID("2e5f6a7b-8c9d-4e0f-9a1b-2c3d4e5f6a44")
    assert reply_id(dispatch, "WORK.ITEM_STARTED:1") == reply_id(dispatch, "WORK.ITEM_STARTED:1")
    ids = {reply_id(d, p) for d in (dispatch, uuid4()) for p in ("WORK.ITEM_STARTED:1", "WORK.ITEM_STARTED:2")}
    assert len(ids) == 4


def test_an_event_that_names_no_project_has_none() -> None:
    assert said(payload={}).project_id is None
    assert str(said().project_id) == PROJECT
