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


class ContractBroken(EventError):
    """An event that Interlock emits breaks its own contract; nothing was written. This is a bug in the caller."""


class BrokerUnfit(EventError):
    """The broker would lose events: it may evict entries, or it is too old."""
