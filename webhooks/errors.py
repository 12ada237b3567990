"""What can be wrong with a webhook; the message says what to do."""

from typing import Any

from events.errors import PermanentError


class WebhookError(PermanentError):
    """The webhook is refused; nothing changed."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message, self.extra = message, extra


class InvalidUrl(WebhookError):
    """The address is not one that events may be sent to."""


class UnknownTypes(WebhookError):
    """No event is of these types; `extra["types"]` has them."""


class UnseenProject(WebhookError):
    """The owner may not see the project, or there is none."""


class EndpointDisabled(WebhookError):
    """Nothing is sent to an endpoint that is disabled."""


class RefusedAddress(WebhookError):
    """The host has an address that is not public."""


class KeyTooNarrow(WebhookError):
    """The key that the request came with may not read, so nothing may be sent on its behalf."""


class EndpointEnded(WebhookError):
    """The endpoint's key or owner has ended; it cannot go on."""


class TooManyEndpoints(WebhookError):
    """The owner has as many endpoints as one may have."""


class NotWaiting(WebhookError):
    """The delivery does not wait, so it cannot be skipped."""
