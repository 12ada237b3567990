"""Every fault of an event. The class decides what happens to the stream entry: buried at once, or tried again."""


class EventError(Exception):
    """Something is wrong with an event. Unless it is a PermanentError, the entry stays pending and is tried again."""


class PermanentError(EventError):
    """Another try cannot help: the entry is buried at once, with this message as the reason."""

    schema_id: str = ""
    # True where the missing object may still arrive: then the entry is tried again before it is buried.
    may_pass = False


class InvalidEvent(PermanentError):
    """The entry is not an event that its contract allows."""

    def __init__(self, message: str, *, schema_id: str = "") -> None:
        super().__init__(message)
        self.schema_id = schema_id


class UnknownEventType(PermanentError):
    """No contract is registered for this event type and version."""


class ConflictingEvent(PermanentError):
    """The same event id was received before with different content."""


class TooManyAttempts(PermanentError):
    """The entry was delivered MAX_ATTEMPTS times and never settled."""


class BuriedElsewhere(PermanentError):
    """A worker outside of Interlock gave up the event and put it on the dead-letter stream."""


class NotAdmitted(PermanentError):
    """The entry's signature, or its lack of one, gives no right to say the event."""

    # True where a copy of an event that had its effect before is no fault, but a duplicate.
    may_be_duplicate = False


class UnknownProducer(NotAdmitted):
    """No producer has the key that the entry names."""


class WrongSignature(NotAdmitted):
    """The signature does not fit the event's bytes, or it was made for another namespace or stream."""


class ProducerEnded(NotAdmitted):
    """The producer's key is revoked, or had expired when the entry came."""

    may_be_duplicate = True


class SignatureTooOld(NotAdmitted):
    """The event is more than SIGNATURE_MAX_AGE older or newer than its entry."""

    may_be_duplicate = True


class WrongSender(NotAdmitted):
    """The event names another service as its source than the producer whose key signed it."""


class TypeNotPermitted(NotAdmitted):
    """The producer may not say events of this type."""


class AgentNotPermitted(NotAdmitted):
    """The event is about an item of an agent for which the producer may not speak."""


class UnsignedEvent(NotAdmitted):
    """The entry has no signature, and UNSIGNED_EVENTS does not accept its type without one."""

    may_be_duplicate = True


class ContractBroken(EventError):
    """An event that Interlock emits breaks its own contract; nothing was written. This is a bug in the caller."""


class BrokerUnfit(EventError):
    """The broker would lose events: it may evict entries, or it is too old."""
