"""Every way an event can go wrong; what a class says here decides what happens to the entry."""


class EventError(Exception):
    """Something is wrong with an event; unless it is permanent the entry stays pending and is retried."""


class PermanentError(EventError):
    """Trying again cannot help: the entry is buried at once, with this message as the reason."""

    schema_id: str = ""
    # True where what is lacking may still be on its way: then the entry is retried before it is buried.
    may_pass = False


class InvalidEvent(PermanentError):
    """The entry is not an event that its contract allows."""

    def __init__(self, message: str, *, schema_id: str = "") -> None:
        super().__init__(message)
        self.schema_id = schema_id


class UnknownEventType(PermanentError):
    """No contract is registered for this event type and version."""


class ConflictingEvent(PermanentError):
    """The same event id was seen before with a different body."""


class TooManyAttempts(PermanentError):
    """The entry was delivered as often as allowed and never settled."""


class BuriedElsewhere(PermanentError):
    """A worker that is not ours gave the event up and put it on the dead-letter stream."""


class ContractBroken(EventError):
    """An event of our own breaks its schema; nothing was written. This is a bug in the caller."""


class BrokerUnfit(EventError):
    """The broker evicts, or is too old, to carry events safely."""
