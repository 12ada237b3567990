"""The ledger: one row for each event that came in or goes out; an event whose row is there has had its effect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from events import bulk
from events.envelope import DISPATCH, Envelope, Outgoing, Source, require_valid_payload
from events.errors import ConflictingEvent, ContractBroken, InvalidEvent, PermanentError
from events.models import Event
from events.prepared import Prepared
from events.statements import together
from schemas import strict_json

# Most bytes of an event that Interlock emits: below the 1 MiB that is read, since a dead letter adds to it.
MOST_WIRE_BYTES = strict_json.MAX_BYTES - 64 * 1024

OUTCOMES = Prepared[Any](lambda ids: Event.objects.filter(event_id__in=ids).values("event_id", "outcome"))


@dataclass(slots=True)
class Record:
    """A row of the ledger that is to be inserted: its attributes are the columns of `Event`.

    It is no model instance, because making those took a sixth of the orchestrator's time. `wire` is the event as it
    goes on the streams, for an event that Interlock emits, and `traceparent` the span in which that was.
    """

    event_id: UUID
    type: str
    version: int
    timestamp: datetime
    service: str
    instance: str
    correlation_id: UUID
    causation_id: UUID | None
    project_id: UUID | None
    payload: dict[str, Any]
    digest: str
    recorded_at: datetime
    outcome: str = ""
    stream_id: str = ""
    wire: bytes = b""
    traceparent: str = ""

    def outgoing(self) -> Outgoing:
        """Return the event as it goes on the streams."""
        agent = self.payload["agent_target"] if self.type == DISPATCH else None
        return Outgoing(self.wire, self.event_id, self.type, self.project_id, agent, self.traceparent)


class Verdict(NamedTuple):
    """Why an event had no effect."""

    event_id: UUID
    outcome: str


def own_source() -> Source:
    """Return the source of every event that this process emits."""
    return source_of(settings.SERVICE_INSTANCE)


@cache
def source_of(instance: str) -> Source:
    """Return the source of what this instance of Interlock emits."""
    return Source("interlock", instance)


def record_of(envelope: Envelope, *, now: datetime, stream_id: str = "", wire: bytes = b"") -> Record:
    """Return the row for the envelope, recorded at `now`."""
    return Record(
        event_id=envelope.event_id,
        type=envelope.event_type,
        version=envelope.event_version,
        timestamp=envelope.timestamp,
        service=envelope.source.service,
        instance=envelope.source.instance,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        project_id=envelope.project_id,
        payload=envelope.payload,
        digest=envelope.digest(),
        recorded_at=now,
        stream_id=stream_id,
        wire=wire,
    )


def no_reads() -> None:
    """Read nothing with a claim."""


def claim(
    arrived: Sequence[tuple[str, Envelope]],
    *,
    now: datetime,
    partition: str = "",
    reads: Callable[[], object] = no_reads,
) -> tuple[set[str], dict[str, ConflictingEvent]]:
    """Claim events that arrived as (stream entry id, envelope) pairs in this partition of the log, in one statement.

    What `reads` executes is sent with it. Returns (entry ids to apply in this transaction, {entry id: error} of events
    that reuse the id of a different event). An entry in neither was handled before.
    """
    first: dict[UUID, tuple[str, Envelope]] = {}
    for entry_id, envelope in arrived:
        first.setdefault(envelope.event_id, (entry_id, envelope))
    rows = {entry_id: record_of(e, now=now, stream_id=place_of(entry_id, partition)) for entry_id, e in first.values()}
    inserted: set[UUID] = set()
    with together():
        bulk.insert_new(Event, list(rows.values()), unique="event_id", then=inserted.update)
        reads()
    claimed = {entry_id for entry_id, event in rows.items() if event.event_id in inserted}
    repeated = [(entry_id, e) for entry_id, e in arrived if entry_id not in claimed]
    return claimed, conflict_errors(repeated)


def conflict_errors(repeated: Sequence[tuple[str, Envelope]]) -> dict[str, ConflictingEvent]:
    """Return {entry id: error} of those events whose id the ledger has with different content."""
    if not repeated:
        return {}
    known = dict(Event.objects.filter(event_id__in={e.event_id for _, e in repeated}).values_list("event_id", "digest"))
    return {
        entry_id: ConflictingEvent(
            f"Event id {e.event_id} was used before for an event with different content: send this one under a new id."
        )
        for entry_id, e in repeated
        if known.get(e.event_id) not in (None, e.digest())
    }


def known_among(envelopes: Sequence[tuple[str, Envelope]]) -> set[str]:
    """Return the ids of those entries whose event the ledger has with the same content; one query."""
    if not envelopes:
        return set()
    ids = {e.event_id for _, e in envelopes}
    known = dict(Event.objects.filter(event_id__in=ids).values_list("event_id", "digest"))
    return {entry_id for entry_id, e in envelopes if known.get(e.event_id) == e.digest()}


def forgery_errors(envelopes: Sequence[tuple[str, Envelope]]) -> dict[str, InvalidEvent]:
    """Return {entry id: error} of events of types that only Interlock emits and that it never emitted like this."""
    known = known_among(envelopes)
    return {
        entry_id: InvalidEvent(f"Only Interlock emits {e.event_type}, and its ledger has no such event {e.event_id}.")
        for entry_id, e in envelopes
        if entry_id not in known
    }


def place_of(entry_id: str, partition: str) -> str:
    """Return under which name the ledger knows an entry: its id, and its partition where it came in one."""
    return f"{entry_id} {partition}".rstrip()


def handled_entries(entry_ids: set[str], partition: str = "") -> set[str]:
    """Return the ids of those entries of this partition of the log whose event has had its effect."""
    places = {place_of(entry_id, partition): entry_id for entry_id in entry_ids}
    handled = Event.objects.filter(stream_id__in=places)
    return {places[place] for place in handled.values_list("stream_id", flat=True)}


def record_to_emit(envelope: Envelope, *, now: datetime) -> Record:
    """Return the row for an event that Interlock emits, with its bytes for the streams.

    Raises ContractBroken if the event breaks its contract or is larger than MOST_WIRE_BYTES.
    """
    try:
        require_valid_payload(envelope)
        wire = envelope.to_wire()
        if len(wire) > MOST_WIRE_BYTES:
            raise ContractBroken(f"{envelope.event_type} would be larger than {MOST_WIRE_BYTES} bytes.")
    except (PermanentError, strict_json.InvalidJson) as error:
        raise ContractBroken(str(error)) from error
    return record_of(envelope, now=now, wire=wire)


def unwanted_commands(answers: Mapping[UUID, Sequence[UUID]]) -> tuple[set[UUID], set[UUID]]:
    """Return (commands that are over, commands that are not in the ledger), for {command: ids of its last answers}.

    A command is over when it was superseded, or when one of its last answers was handled. One query.
    """
    if not answers:
        return set(), set()
    asked = {*answers, *(event_id for ids in answers.values() for event_id in ids)}
    outcomes = {row["event_id"]: row["outcome"] for row in OUTCOMES.rows(asked)}
    over = {c for c, ids in answers.items() if outcomes.get(c) or outcomes.keys() & set(ids)}
    return over, set(answers) - set(outcomes)


def note_outcomes(outcomes: dict[UUID, str]) -> None:
    """Record why events had no effect, in one statement."""
    rows = [Verdict(event_id, outcome) for event_id, outcome in outcomes.items()]
    bulk.update(Event, rows, ["outcome"], by="event_id")
