"""The errors of webhooks; each message says what is wrong and what to do."""

from typing import Any

from events.errors import PermanentError


class WebhookError(PermanentError):
    """Base class: the request about a webhook is refused, and nothing was changed."""

    def __init__(self, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.message, self.extra = message, extra


class InvalidUrl(WebhookError):
    """The address is not a valid http or https URL."""


class UnknownTypes(WebhookError):
    """There are no events of the types in `extra["types"]`."""


class UnseenProject(WebhookError):
    """There is no such project, or the owner may not see it."""


class EndpointDisabled(WebhookError):
    """The endpoint is disabled, so a delivery cannot be sent again."""


class RefusedAddress(WebhookError):
    """The host has an IP address that is not public and not allowed by a setting."""


class KeyTooNarrow(WebhookError):
    """The key of the request lacks the scope to read, so a webhook made with it could get no events."""


class EndpointEnded(WebhookError):
    """The key of the endpoint has ended or its owner is deactivated, so it cannot be enabled."""


class TooManyEndpoints(WebhookError):
    """The owner has WEBHOOK_MOST_ENDPOINTS active endpoints already."""


class NotWaiting(WebhookError):
    """The delivery is not pending or given up, so it cannot be skipped."""
