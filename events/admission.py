"""Decides which entries of other programs are accepted: by their signature, or without one as UNSIGNED_EVENTS says.

Every consumer of the log asks here, the owner of a type before it applies an event and the validators for all. What is
decided depends on the entry alone, on the settings and on the row of the producer, so that they agree: the age of an
event is counted up to its arrival on the stream, not up to the moment of reading. Where a key is revoked between two
readings, whoever refuses the entry buries it; an entry has one dead letter, and a refused copy of an event that had its
effect is a duplicate.

The producers of a batch are read with one query, and nothing about them is remembered: a revocation counts at once, and
a flood of unknown keys costs no more than a batch without them.
"""

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings

from events import ledger, signatures
from events.envelope import Envelope
from events.errors import (
    NotAdmitted,
    ProducerEnded,
    SignatureTooOld,
    TypeNotPermitted,
    UnknownProducer,
    UnsignedEvent,
    WrongSender,
    WrongSignature,
)
from events.models import Producer
from events.prepared import Prepared
from events.seal import arrival_of, is_sealed
from events.streams import Entry, position
from schemas.registry import registry

# What a worker has to say, and what UNSIGNED_EVENTS=workers accepts without a signature.
WORKERS_TYPES = frozenset(
    {
        *("WORK.ITEM_STARTED", "WORK.ITEM_PROGRESSED", "WORK.ITEM_COMPLETED", "WORK.ITEM_FAILED"),
        *("DELIVERABLE.PUBLISHED", "CLARIFICATION.NEEDED"),
    }
)
EVERY_AGENT = "*"

PRODUCERS = Prepared[Producer](lambda kids: Producer.objects.filter(kid__in=kids))


class Admission:
    """Admits or refuses the entries of one batch; `verdicts` tells what becomes of the refused ones."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        kids = {kid_of(entry) for entry in entries if signatures.KID in entry.fields}
        named = sorted(kid for kid in kids if signatures.KID_PATTERN.fullmatch(kid))
        self.producers = {producer.kid: producer for producer in PRODUCERS.rows(named)}
        self.refused: dict[str, tuple[Envelope, NotAdmitted]] = {}

    def admit(self, entry: Entry, event: Envelope) -> Envelope | None:
        """Return the entry's event, with the agents for which its producer may speak; None if it is refused."""
        try:
            if signatures.KID in entry.fields:
                return self.signed_event(entry, event)
            require_may_be_unsigned(entry, event)
        except NotAdmitted as error:
            self.refused[entry.entry_id] = (event, error)
            return None
        return event

    def signed_event(self, entry: Entry, event: Envelope) -> Envelope:
        """Return the event with its producer's agents. Raises NotAdmitted unless the producer may say it here."""
        kid = kid_of(entry)
        producer = self.producers.get(kid)
        if producer is None:
            raise UnknownProducer(f"No producer has the key {kid[:40]!r}: add it, or sign with a key that is known.")
        if not signatures.fits(
            entry.fields[b"event"], entry.fields.get(signatures.SIGNATURE, b""), producer.public_key
        ):
            raise WrongSignature(
                f"The signature does not fit the key {kid} of {producer.name}: the event was changed after it was"
                f" signed, or signed with another key, or for another namespace or log than {settings.NAMESPACE} and"
                f" {settings.STREAM_NAME}."
            )
        require_in_time(entry, event, producer)
        require_permitted(event, producer)
        return event if EVERY_AGENT in producer.agents else replace(event, agents=frozenset(producer.agents))

    def verdicts(self) -> dict[str, Exception | None]:
        """Return {entry id: error} of the refused entries; None for a copy of an event that had its effect. One query.

        Only an entry that was right when it came can be such a copy: a forged one is refused in any case.
        """
        lapsed = [(entry_id, event) for entry_id, (event, error) in self.refused.items() if error.may_be_duplicate]
        known = ledger.known_among(lapsed)
        return {entry_id: None if entry_id in known else error for entry_id, (_event, error) in self.refused.items()}


def kid_of(entry: Entry) -> str:
    """Return the name of the key that the entry says it is signed with."""
    return entry.fields[signatures.KID].decode(errors="replace")


def require_in_time(entry: Entry, event: Envelope, producer: Producer) -> None:
    """Raise ProducerEnded or SignatureTooOld unless the key was good, and the event new, when the entry came."""
    if producer.revoked_at is not None:
        raise ProducerEnded(f"The key {producer.kid} of {producer.name} was revoked: sign with another key.")
    arrived = position(arrival_of(entry.fields, entry.entry_id))[0] / 1000
    if producer.expires_at is not None and producer.expires_at.timestamp() <= arrived:
        raise ProducerEnded(f"The key {producer.kid} of {producer.name} has expired: sign with another key.")
    age = arrived - event.timestamp.timestamp()
    if abs(age) > settings.SIGNATURE_MAX_AGE:
        raise SignatureTooOld(
            f"The event's `timestamp` is {abs(age):.0f} s {'before' if age > 0 else 'after'} its arrival, and"
            f" {settings.SIGNATURE_MAX_AGE} s are accepted (SIGNATURE_MAX_AGE): send it again under a new id, signed"
            " anew, and look at the producer's clock."
        )


def require_permitted(event: Envelope, producer: Producer) -> None:
    """Raise WrongSender or TypeNotPermitted unless the producer may say events of this type in this name."""
    if event.source.service != producer.name:
        raise WrongSender(
            f"The event says that it comes from {event.source.service[:200]}, and is signed with a key of"
            f" {producer.name}: a producer speaks in its own name alone."
        )
    if event.event_type not in producer.types:
        permitted = ", ".join(producer.types) or "none"
        raise TypeNotPermitted(f"{producer.name} may not say {event.event_type}. It may say: {permitted}.")


def require_may_be_unsigned(entry: Entry, event: Envelope) -> None:
    """Raise UnsignedEvent unless an event of this type is accepted without a signature, or the entry is sealed by us.

    Events that only Interlock emits are looked up in the ledger, whatever they carry.
    """
    accepted = settings.UNSIGNED_EVENTS
    if accepted == "accept" or (accepted == "workers" and event.event_type in WORKERS_TYPES):
        return
    if registry().direction(event.event_type, event.event_version) == "out" or is_sealed(entry.fields):
        return
    raise UnsignedEvent(
        f"{event.event_type} is accepted only with a signature (UNSIGNED_EVENTS={accepted}): add a producer with"
        f" `{settings.COMMAND} producers add` and sign the entry."
    )
