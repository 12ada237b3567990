"""One row an event: claimed once, written only if its contract allows it, published until the broker has it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from events import bulk, ledger
from events.envelope import Envelope, Source
from events.errors import ContractBroken
from events.models import Event
from events.work import unit_of_work
from schemas import strict_json

pytestmark = [pytest.mark.spine, pytest.mark.both, pytest.mark.django_db]

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def started(**changes: Any) -> Envelope:
    """A worker's word that it has begun."""
    payload = {"project_id": str(uuid4()), "backlog_item_id": str(uuid4())}
    named = {"payload": payload, "source": Source("elsewhere", "1"), "correlation_id": uuid4()}
    return Envelope("WORK.ITEM_STARTED", **(named | changes))


def test_what_is_new_is_claimed_and_what_was_claimed_before_is_not() -> None:
    old, new = started(), started()
    assert ledger.claim([("1-0", old)], now=NOW) == ({"1-0"}, {})
    assert ledger.claim([("2-0", old), ("3-0", new)], now=NOW) == ({"3-0"}, {})
    assert Event.objects.count() == 2


def test_of_the_same_event_twice_in_a_batch_the_first_is_claimed() -> None:
    event = started()
    assert ledger.claim([("1-0", event), ("2-0", event)], now=NOW) == ({"1-0"}, {})
    assert Event.objects.get().stream_id == "1-0"


def test_the_same_id_with_another_body_is_a_conflict() -> None:
    event = started()
    other = started(event_id=event.event_id)
    ledger.claim([("1-0", event)], now=NOW)
    claimed, conflicts = ledger.claim([("2-0", other)], now=NOW)
    assert (claimed, list(conflicts)) == (set(), ["2-0"])
    assert str(event.event_id) in str(conflicts["2-0"])
    assert Event.objects.get().payload == event.payload


def test_an_empty_batch_claims_nothing() -> None:
    assert ledger.claim([], now=NOW) == (set(), {})


def test_the_ledger_gives_back_the_envelope_it_took() -> None:
    event = started(causation_id=uuid4())
    ledger.claim([("1-0", event)], now=NOW)
    assert Event.objects.get().envelope() == event


BROKEN: dict[str, dict[str, Any]] = {
    "a key is missing": {"project_id": str(uuid4())},
    "a key is too many": {"project_id": str(uuid4()), "backlog_item_id": str(uuid4()), "colour": "red"},
    "a NUL": {"project_id": str(uuid4()), "backlog_item_id": str(uuid4()), "started_at": "\x00"},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_an_event_of_ours_that_breaks_its_contract_is_never_written(broken: str) -> None:
    with pytest.raises(ContractBroken), unit_of_work() as work:
        work.emit("WORK.ITEM_STARTED", BROKEN[broken], correlation_id=uuid4())
    assert not Event.objects.exists()


def test_an_event_of_an_unknown_type_is_never_written() -> None:
    with pytest.raises(ContractBroken), unit_of_work() as work:
        work.emit("WORK.ITEM_EXPLODED", {}, correlation_id=uuid4())
    assert not Event.objects.exists()


def test_an_event_of_ours_leaves_room_for_what_is_written_around_it() -> None:
    payload = {
        "project_id": str(uuid4()),
        "request_text": "Look at the tasks.",
        "as_sent": {"notes": "x" * (strict_json.MAX_BYTES - 32 * 1024)},
    }
    with pytest.raises(ContractBroken, match="would be larger than"), unit_of_work() as work:
        work.emit("PROJECT.INITIAL_REQUEST_RECEIVED", payload, correlation_id=uuid4())
    assert not Event.objects.exists()


def test_of_events_that_only_we_say_those_without_a_row_are_forged() -> None:
    ours, theirs = started(), started()
    bulk.insert(Event, [ledger.record_of(ours, now=NOW)])
    forged = ledger.forgery_errors([("1-0", ours), ("2-0", theirs)])
    assert list(forged) == ["2-0"]
    assert ledger.forgery_errors([]) == {}


def test_outcomes_are_noted_on_the_events_they_belong_to() -> None:
    rows = [ledger.record_of(started(), now=NOW) for _ in range(3)]
    bulk.insert(Event, rows)
    outcomes: dict[UUID, str] = {rows[0].event_id: "stale", rows[1].event_id: "ignored"}
    ledger.note_outcomes(outcomes)
    assert list(Event.objects.order_by("seq").values_list("outcome", flat=True)) == ["stale", "ignored", ""]
