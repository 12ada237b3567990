"""Producers sign: what is right counts, and each wrong entry becomes one dead letter with its own reason."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from interlock_client.signing import Signer
from pytest_django import Settings

from backlog.consumers import OrchestratorConsumer
from backlog.models import Item, Project
from events import deadletters
from events.consumers import ValidatorConsumer
from events.errors import SignatureTooOld
from events.models import DeadLetter, Event, Producer
from events.producer_keys import make_producer, revoke_producer
from events.signatures import new_key
from events.streams import Entry
from tests.flows import as_entries, on_the_log, put, reply, request, step, template
from tests.invariants import violations
from tests.producing import REQUEST, entry_of, producer, put_entry, signer
from tests.system import run_to_rest, system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

Fields = dict[str, bytes]


def letter() -> DeadLetter:
    """The only dead letter."""
    return DeadLetter.objects.get()


def dispatched_to(agent: str) -> dict[str, Any]:
    """The dispatch of an item of this agent."""
    put(request(template(step("only", agent_target=agent))))
    run_to_rest()
    return on_the_log("WORK.ITEM_DISPATCHED")[-1]


# -- what is right ---------------------------------------------------------------------------------
@pytest.mark.both
@pytest.mark.parametrize("accepted", ["accept", "refuse"])
def test_a_signed_project_goes_from_the_request_to_its_end(settings: Settings, accepted: str) -> None:
    settings.UNSIGNED_EVENTS = accepted
    elsewhere = producer(agents=["foreign_worker"])
    put_entry(elsewhere.fields(request(template(step("only")))))
    run_to_rest()
    dispatch = on_the_log("WORK.ITEM_DISPATCHED")[-1]
    put_entry(elsewhere.fields(reply(dispatch, "WORK.ITEM_STARTED")))
    put_entry(elsewhere.fields(reply(dispatch, "WORK.ITEM_COMPLETED", {"evidence": {}})))
    run_to_rest()
    assert (Item.objects.get().state, DeadLetter.objects.count()) == ("DONE", 0)
    assert violations() == []


# -- what is wrong ---------------------------------------------------------------------------------
def forged() -> Fields:
    """Signed by somebody who has another key than the one that the entry names."""
    return {**stranger().fields(request(template(step("only")))), "kid": producer().kid.encode()}


def stranger() -> Signer:
    """A signer with a key that no producer has."""
    return signer(new_key()[0])


def changed() -> Fields:
    """Changed after it was signed."""
    fields = producer().fields(request(template(step("only"))))
    return {**fields, "event": fields["event"].replace(b"Find out", b"Hide it!")}


def copied_from_another_namespace() -> Fields:
    """Signed for another installation."""
    key = make_producer(name="elsewhere", types=[REQUEST], agents=[], by="ann")[1]
    return signer(key, namespace="other").fields(request(template(step("only"))))


def copied_from_another_log() -> Fields:
    """Signed for another stream."""
    key = make_producer(name="elsewhere", types=[REQUEST], agents=[], by="ann")[1]
    return signer(key, log="other:events").fields(request(template(step("only"))))


def of_nobody() -> Fields:
    """Signed with a key that nobody added."""
    return stranger().fields(request(template(step("only"))))


def too_old() -> Fields:
    """Signed long ago."""
    long_ago = datetime.now(UTC) - timedelta(seconds=settings.SIGNATURE_MAX_AGE + 60)
    return producer().fields(request(template(step("only"))) | {"timestamp": long_ago.isoformat()})


def from_the_future() -> Fields:
    """Signed with a clock that is far ahead: it could be sent again for long."""
    later = datetime.now(UTC) + timedelta(seconds=settings.SIGNATURE_MAX_AGE + 60)
    return producer().fields(request(template(step("only"))) | {"timestamp": later.isoformat()})


def with_an_expired_key() -> Fields:
    """Signed with a key whose time is over."""
    expired = producer()
    Producer.objects.update(expires_at=datetime.now(UTC) - timedelta(hours=1))
    return expired.fields(request(template(step("only"))))


def with_a_revoked_key() -> Fields:
    """Signed with a key that was revoked."""
    revoked = producer()
    assert revoke_producer(Producer.objects.get())
    return revoked.fields(request(template(step("only"))))


def in_anothers_name() -> Fields:
    """Signed by one producer in the name of another."""
    return producer("somebody").fields(request(template(step("only"))))


def of_a_wrong_type() -> Fields:
    """Of a type that the producer may not say."""
    return producer(types=["WORK.ITEM_STARTED"]).fields(request(template(step("only"))))


def of_a_wrong_agent() -> Fields:
    """About the work of another agent."""
    dispatch = dispatched_to("foreign_worker")
    return producer(agents=["cost_worker"]).fields(reply(dispatch, "WORK.ITEM_COMPLETED", {"evidence": {}}))


WRONG: dict[Callable[[], Fields], tuple[str, str]] = {
    forged: ("WrongSignature", "The signature does not fit the key"),
    changed: ("WrongSignature", "the event was changed after it was signed"),
    copied_from_another_namespace: ("WrongSignature", "for another namespace or log than"),
    copied_from_another_log: ("WrongSignature", "for another namespace or log than"),
    of_nobody: ("UnknownProducer", "No producer has the key"),
    too_old: ("SignatureTooOld", "before its arrival"),
    from_the_future: ("SignatureTooOld", "after its arrival"),
    with_an_expired_key: ("ProducerEnded", "has expired"),
    with_a_revoked_key: ("ProducerEnded", "was revoked"),
    in_anothers_name: ("WrongSender", "comes from elsewhere, and is signed with a key of somebody"),
    of_a_wrong_type: ("TypeNotPermitted", "elsewhere may not say PROJECT.INITIAL_REQUEST_RECEIVED"),
    of_a_wrong_agent: ("AgentNotPermitted", "elsewhere may not speak for foreign_worker"),
}


@pytest.mark.both
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_wrong_entry_becomes_one_dead_letter_and_its_neighbours_count(wrong: Callable[[], Fields]) -> None:
    fields = wrong()
    projects, neighbour = Project.objects.count(), producer("neighbour")
    for _ in range(2):
        put_entry(neighbour.fields(request(template(step("only"))) | neighbour_source()))
    put_entry(fields)
    put_entry(neighbour.fields(request(template(step("only"))) | neighbour_source()))
    run_to_rest()
    error_class, words = WRONG[wrong]
    assert (letter().error_class, words in letter().reason) == (error_class, True), letter().reason
    assert Project.objects.count() == projects + 3
    assert not Item.objects.filter(state="DONE").exists()
    assert violations(dead_letters=1) == []


def neighbour_source() -> dict[str, Any]:
    """What a neighbour's event names as its source."""
    return {"source": {"service": "neighbour", "instance": "1"}}


@pytest.mark.both
def test_a_signed_event_that_is_sent_again_settles_without_a_second_effect_even_when_its_key_is_revoked() -> None:
    elsewhere, event = producer(), request(template(step("only")))
    put_entry(elsewhere.fields(event))
    run_to_rest()
    put_entry(elsewhere.fields(event))
    run_to_rest()
    revoke_producer(Producer.objects.get())
    put_entry(elsewhere.fields(event))
    run_to_rest()
    assert (Project.objects.count(), DeadLetter.objects.count()) == (1, 0)
    assert Event.objects.filter(type="PROJECT.OPENED").count() == 1


def test_the_same_id_with_other_content_is_a_conflict_however_well_it_is_signed() -> None:
    elsewhere, event = producer(), request(template(step("only")))
    put_entry(elsewhere.fields(event))
    put_entry(elsewhere.fields(event | {"payload": event["payload"] | {"request_text": "Another one."}}))
    run_to_rest()
    assert (Project.objects.count(), letter().error_class) == (1, "ConflictingEvent")


# -- without a signature ---------------------------------------------------------------------------
@pytest.mark.parametrize(("accepted", "refused"), [("accept", 0), ("workers", 1), ("refuse", 2)])
def test_unsigned_events_are_accepted_as_the_setting_says(settings: Settings, accepted: str, refused: int) -> None:
    dispatch = dispatched_to("foreign_worker")
    settings.UNSIGNED_EVENTS = accepted
    put(request(template(step("only"))), reply(dispatch, "WORK.ITEM_STARTED"))
    run_to_rest()
    reasons = list(DeadLetter.objects.values_list("error_class", "reason"))
    assert [error for error, _ in reasons] == ["UnsignedEvent"] * refused
    assert all("is accepted only with a signature" in reason for _, reason in reasons)
    assert violations(dead_letters=refused) == []


def test_what_interlock_and_its_own_workers_write_needs_no_producer(settings: Settings) -> None:
    settings.UNSIGNED_EVENTS = "refuse"
    put_entry(producer().fields(request(template(step("only", agent_target="generic_worker")))))
    with system(agents=("generic_worker",)):
        wait_until(lambda: DeadLetter.objects.exists() or Project.objects.filter(status="DONE").exists(), 30)
    assert DeadLetter.objects.count() == 0


# -- staff -----------------------------------------------------------------------------------------
def test_what_staff_corrects_is_ours_and_counts(settings: Settings) -> None:
    settings.UNSIGNED_EVENTS = "refuse"
    put_entry(forged())
    run_to_rest()
    deadletters.replay(letter(), by="ann", event=letter().fields[b"event"])
    run_to_rest()
    assert (Project.objects.count(), DeadLetter.objects.count()) == (1, 1)
    assert violations(dead_letters=1) == []


def test_a_forged_entry_that_is_replayed_as_it_is_is_refused_again() -> None:
    put_entry(forged())
    run_to_rest()
    deadletters.replay(letter(), by="ann")
    run_to_rest()
    assert set(DeadLetter.objects.values_list("error_class", "state")) == {
        ("WrongSignature", "open"),
        ("WrongSignature", "replayed"),
    }
    assert Project.objects.count() == 0


def test_a_replay_is_held_to_the_age_that_the_event_had_when_it_came(settings: Settings) -> None:
    event = request("made-later") | {"timestamp": (datetime.now(UTC) - timedelta(seconds=50)).isoformat()}
    put_entry(producer().fields(event))
    run_to_rest()
    assert letter().error_class == "UnknownTemplate"
    # As if staff looked at it a day later: it is older than is accepted now, and was not when it came.
    arrived = int(letter().entry_id.partition("-")[0])
    settings.SIGNATURE_MAX_AGE = 60
    replayed = Entry(letter().stream, f"{arrived + 3_600_000}-0", deadletters.as_it_came(letter()))
    assert ValidatorConsumer().handle([replayed]) == {replayed.entry_id: None}
    copied = replayed._replace(fields={**replayed.fields, b"arrived": b"1-0 0123"})
    assert type(ValidatorConsumer().handle([copied])[copied.entry_id]) is SignatureTooOld


# -- what it costs ---------------------------------------------------------------------------------
@pytest.mark.both
def test_a_flood_of_unknown_keys_costs_one_query_a_batch() -> None:
    now, name = int(datetime.now(UTC).timestamp() * 1000), template(step("only"))
    flood = [entry_of(stranger().fields(request(name)), now + number) for number in range(100)]
    with CaptureQueriesContext(connection) as seen:
        verdicts = OrchestratorConsumer().handle(flood)
    assert {type(error).__name__ for error in verdicts.values()} == {"UnknownProducer"}
    assert len(seen) == 1
    with CaptureQueriesContext(connection) as seen:
        ValidatorConsumer().handle(as_entries(request(name) for _ in range(10)))
    assert len(seen) == 0


def test_a_key_id_that_is_no_text_is_refused_like_an_unknown_one() -> None:
    for kid in (b"\x00", b"\xff" * 500, b""):
        put_entry({**producer("p" + kid.hex()[:4]).fields(request(template(step("only")))), "kid": kid})
    run_to_rest()
    assert list(DeadLetter.objects.values_list("error_class", flat=True)) == ["UnknownProducer"] * 3
    assert Project.objects.count() == 0


def test_a_flood_of_forged_entries_is_buried_one_by_one_and_stops_no_neighbour() -> None:
    name, good = template(step("only")), producer()
    for number in range(150):
        put_entry({**stranger().fields(request(name)), "kid": good.kid.encode()})
        if number % 50 == 0:
            put_entry(good.fields(request(name)))
    run_to_rest()
    assert Project.objects.count() == 3
    assert list(DeadLetter.objects.values_list("error_class", flat=True)) == ["WrongSignature"] * 150
    assert violations(dead_letters=150) == []
