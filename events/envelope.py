"""The envelope around every event on the wire. This module does not need Django."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson

from events import older
from events.errors import InvalidEvent, UnknownEventType
from events.ids import new_id
from schemas import strict_json
from schemas.formats import moment_of
from schemas.registry import registry

# Keys that do not count when two events are compared: the content decides, not the time at which it was sent.
CLOCK_READINGS = frozenset({"timestamp", "started_at"})


# The UUID of a text: a batch names few projects, items and dispatches, each of them many times.
parsed_uuid = lru_cache(4096)(UUID)

# The type of the command that hands an item to its agent.
DISPATCH = "WORK.ITEM_DISPATCHED"


class Outgoing(NamedTuple):
    """An event as it goes on the streams: its bytes, and what readers see without parsing them.

    `agent` is set for a dispatch, which goes on that agent's work stream, too. `traceparent` is the span in which it
    was emitted, empty where nothing is traced.
    """

    wire: bytes
    event_id: UUID
    event_type: str
    project_id: UUID | None
    agent: str | None = None
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The sender of an event: a service and which instance of it."""

    service: str
    instance: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event, immutable; its first eight fields are the eight keys on the wire.

    `agents` never goes on the wire: of a signed event, the agents for which its producer may speak; None for all.
    `wire` and `project` are what `to_wire` and `project_id` have returned.
    """

    event_type: str
    payload: dict[str, Any]
    source: Source
    correlation_id: UUID
    causation_id: UUID | None = None
    event_id: UUID = field(default_factory=new_id)
    event_version: int = 1
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    agents: frozenset[str] | None = field(default=None, compare=False)
    wire: bytes = field(default=b"", init=False, compare=False, repr=False)
    project: UUID | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def project_id(self) -> UUID | None:
        """Return the id of the event's project; None if the payload names none."""
        if self.project is None and isinstance(named := self.payload.get("project_id"), str):
            object.__setattr__(self, "project", parsed_uuid(named))
        return self.project

    def to_wire(self) -> bytes:
        """Return the event as JSON bytes, the value of the stream field `event`; they are made once."""
        if not self.wire:
            object.__setattr__(self, "wire", self.written())
        return self.wire

    def written(self) -> bytes:
        """Return the event as JSON bytes, made anew. Raises InvalidJson."""
        payload = strict_json.dumps({"payload": self.payload})
        # What is around the payload has no numbers and no levels that `strict_json.dumps` would have to look for.
        around = orjson.dumps(
            {
                "event_id": self.event_id,
                "event_type": self.event_type,
                "event_version": self.event_version,
                "timestamp": self.timestamp,
                "source": {"service": self.source.service, "instance": self.source.instance},
                "correlation_id": self.correlation_id,
                "causation_id": self.causation_id,
            }
        )
        if b"\\u0000" in around:
            strict_json.check(orjson.loads(around))
        return around[:-1] + b"," + payload[1:]

    def outgoing(self, traceparent: str = "") -> Outgoing:
        """Return the event as it goes on the streams."""
        agent = self.payload["agent_target"] if self.event_type == DISPATCH else None
        return Outgoing(self.to_wire(), self.event_id, self.event_type, self.project_id, agent, traceparent)

    def digest(self) -> str:
        """Return a fingerprint (32 hex digits) of type, version, cause and payload.

        The payload's timestamps do not count.
        """
        content = [self.event_type, self.event_version, self.causation_id, without_clock_readings(self.payload)]
        return blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def without_clock_readings(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload without its timestamps and without those of its deliverable."""
    kept = without(CLOCK_READINGS, payload)
    if isinstance(deliverable := kept.get("deliverable"), dict):
        kept = {**kept, "deliverable": without(CLOCK_READINGS, deliverable)}
    return kept


def without(names: frozenset[str], part: dict[str, Any]) -> dict[str, Any]:
    """Return the object without these keys; itself, if it has none of them."""
    return part if names.isdisjoint(part) else {key: value for key, value in part.items() if key not in names}


def from_wire(raw: bytes | str) -> Envelope:
    """Return the event in these JSON bytes, checked against the envelope's schema and its contract.

    Older spellings are translated first. Raises InvalidEvent (with every problem and its JSON Pointer) or
    UnknownEventType.
    """
    contracts = registry()
    try:
        document = older.in_current_spelling(strict_json.loads(raw))
    except strict_json.InvalidJson as error:
        raise InvalidEvent(f"Not acceptable JSON: {error}") from error
    if not contracts.envelope_is_valid(document):
        raise InvalidEvent(
            problems_in_words("The envelope is wrong", contracts.envelope_problems(document)), schema_id="envelope"
        )
    try:
        envelope = envelope_of(document)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidEvent(f"The envelope cannot be read: {error}", schema_id="envelope") from error
    require_valid_payload(envelope)
    return envelope


def from_own_wire(raw: bytes) -> Envelope:
    """Return the event in bytes that Interlock itself wrote, and therefore checked: they are not checked again."""
    return envelope_of(orjson.loads(raw))


def envelope_of(document: dict[str, Any]) -> Envelope:
    """Return the Envelope of a document that is valid under the envelope's schema."""
    cause = document["causation_id"]
    return Envelope(
        event_id=UUID(document["event_id"]),
        event_type=document["event_type"],
        event_version=document["event_version"],
        timestamp=moment_of(document["timestamp"]),
        source=Source(document["source"]["service"], document["source"]["instance"]),
        correlation_id=parsed_uuid(document["correlation_id"]),
        causation_id=parsed_uuid(cause) if cause else None,
        payload=document["payload"],
    )


def require_valid_payload(envelope: Envelope) -> None:
    """Raise UnknownEventType or InvalidEvent unless the payload fits its contract."""
    contracts, kind, version = registry(), envelope.event_type, envelope.event_version
    if not contracts.knows(kind, version):
        raise UnknownEventType(unknown_type_in_words(kind, version))
    if not contracts.is_valid(kind, version, envelope.payload):
        problems = contracts.problems(kind, version, envelope.payload)
        heading = f"The payload breaks {kind} v{version}"
        if contracts.direction(kind, version) == "out":
            heading = f"Only Interlock emits {kind}, and not in this shape"
        raise InvalidEvent(problems_in_words(heading, problems), schema_id=contracts.schema_id(kind, version))


def unknown_type_in_words(kind: str, version: int) -> str:
    """Return the message for an unknown type or version, with similar names and the command that lists all types."""
    known = registry().event_types()
    if kind in known:
        return f"Interlock knows {kind}, but not its version {version}; the command `schemas show {kind}` prints them."
    alike = get_close_matches(kind, known, n=3)
    hint = f" Did you mean {' or '.join(alike)}?" if alike else ""
    return f"Interlock knows no event type {kind}.{hint} The command `schemas list` prints all types."


def problems_in_words(heading: str, problems: Any) -> str:
    """Return one line: the heading, then each problem with its JSON Pointer."""
    return f"{heading}: " + "; ".join(f"{p.pointer or '/'} {p.message}" for p in problems)


def reply_id(dispatch_id: UUID, purpose: str) -> UUID:
    """Return the id of a reply to this dispatch (uuid5, RFC 9562): a reply that is sent again has the same id."""
    return uuid5(dispatch_id, purpose)
