"""What can go wrong when a model is asked, and what follows from it."""

from enum import StrEnum


class Kind(StrEnum):
    """Why a call brought no usable answer."""

    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    INVALID = "invalid"
    NO_KEY = "no_key"
    NO_PRICE = "no_price"
    OVER_BUDGET = "over_budget"
    CIRCUIT_OPEN = "circuit_open"


# The same model may be asked again: the next answer can be another one.
RETRYABLE = {
    Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.TIMED_OUT, Kind.UNREACHABLE, Kind.MALFORMED, Kind.INVALID,
}  # fmt: skip
# The provider as a whole does not work at the moment: the circuit breaker counts these.
OUTAGES = {Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.TIMED_OUT, Kind.UNREACHABLE, Kind.REJECTED}
# The provider answered with an error instead of working, or was never reached: these calls cost nothing.
FREE = {Kind.RATE_LIMITED, Kind.SERVER_ERROR, Kind.UNREACHABLE, Kind.REJECTED}


class ModelFault(Exception):
    """A call brought no usable answer. `retry_after` is the wait in seconds that the provider asks for, or None."""

    def __init__(self, kind: Kind, message: str, *, retry_after: float | None = None) -> None:
        self.kind, self.retry_after = kind, retry_after
        super().__init__(message)
