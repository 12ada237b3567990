"""One attempt to deliver an event: the signed request, its result, and what the result means for the endpoint."""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from encryption.errors import EncryptionError
from events.clock import database_now
from events.deadletters import storable_text
from events.envelope import Envelope
from events.models import Event
from events.traced import begin_sending, end_sending
from webhooks.errors import RefusedAddress
from webhooks.models import LONGEST_EXCERPT, Delivery, Endpoint
from webhooks.network import TRANSPORT_ERRORS, Answer, post_request
from webhooks.selectors import may_reach_private, owner_with_key
from webhooks.services import NO_FAILURES, disable_endpoint
from webhooks.signing import signed_headers

LONGEST_BACKOFF_SECONDS = 3600.0
# After a slow response the endpoint is left alone for this many times its duration.
SLOW_REST = 3
USER_AGENT = "Interlock-Webhooks"


@dataclass
class Outcome:
    """The result of one attempt: its duration in seconds, and the answer or an error."""

    seconds: float
    answer: Answer | None = None
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Return True if the receiver answered with a status 2xx."""
        return self.answer is not None and HTTPStatus.OK <= self.answer.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_slow(self) -> bool:
        """Return True if the receiver took so long that other endpoints have to come first."""
        return bool(self.seconds > settings.WEBHOOK_SLOW_SECONDS)

    @property
    def is_gone(self) -> bool:
        """Return True if the receiver answered 410: it wants no more events."""
        return self.answer is not None and self.answer.status == HTTPStatus.GONE

    @property
    def kind(self) -> str:
        """Return the outcome in one word: delivered, gone, refused or unreachable."""
        if self.answer is None:
            return "unreachable"
        return "delivered" if self.is_delivered else "gone" if self.is_gone else "refused"

    @property
    def fault(self) -> str:
        """Return in words why the attempt failed; empty if it was delivered."""
        if self.is_delivered or self.answer is None:
            return self.error
        return _("The receiver answered %(status)s.") % {"status": self.answer.status}


def attempt_delivery(endpoint: Endpoint, event: Event) -> Outcome:
    """Send one signed request and return its outcome. Its `webhook-id` is the event's id, also when it is repeated.

    Where this process traces, the request is a span, and its header `traceparent` lets the receiver continue the trace.
    """
    envelope = event.envelope()
    span = begin_sending("webhook", envelope)
    outcome = attempt_request(endpoint, envelope, {"traceparent": span.traceparent} if span else {})
    end_sending(span, envelope, outcome.kind, is_error=not outcome.is_delivered)
    return outcome


def attempt_request(endpoint: Endpoint, event: Envelope, more_headers: dict[str, str]) -> Outcome:
    """Send the event as one signed request with these headers beside its own, and return the outcome."""
    body, started = event.to_wire(), time.monotonic()
    try:
        signed = signed_headers(secret_of(endpoint), message_id=str(event.event_id), body=body, now=database_now())
        headers = {"content-type": "application/json", "user-agent": USER_AGENT, **more_headers, **signed}
        answer = post_request(
            endpoint.url, body=body, headers=headers, may_be_private=may_reach_private(owner_with_key(endpoint))
        )
    except (RefusedAddress, EncryptionError, *TRANSPORT_ERRORS) as error:
        return Outcome(time.monotonic() - started, error=str(error) or type(error).__name__)
    return Outcome(time.monotonic() - started, answer)


def secret_of(endpoint: Endpoint) -> str:
    """Return the secret that signs. Raises EncryptionError if it cannot be opened, or was deleted with its key."""
    if secret := endpoint.secret:
        return str(secret)
    raise EncryptionError("The webhook has no secret any more, since its key was lost: rotate the secret.")


# -- results ---------------------------------------------------------------------------------------
@transaction.atomic
def record_outcome(endpoint: Endpoint, delivery: Delivery, outcome: Outcome) -> None:
    """Store the outcome with the delivery, and change the endpoint accordingly.

    Delivered: the failures of the endpoint are cleared. Refused while later events were delivered: the delivery is
    skipped. Failing for too long, or 410: the endpoint is disabled. Any other failure: the endpoint waits.
    """
    now = database_now()
    store_attempt(delivery, outcome, now)
    if outcome.is_delivered:
        skip_refused(endpoint, delivery)
        clear_failures(endpoint)
        postpone_if_slow(endpoint, outcome, now)
    elif is_refused_alone(endpoint, delivery, outcome):
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.SKIPPED)
        clear_failures(endpoint)
    elif reason := reason_to_disable(endpoint, outcome, now):
        disable_endpoint(endpoint, reason=reason)
    else:
        postpone_next_attempt(endpoint, now)


def store_attempt(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """Store the attempt with its delivery."""
    answer = outcome.answer
    values: dict[str, Any] = {
        "attempts": delivery.attempts + 1,
        "tries": delivery.tries + 1,
        "response_status": answer and answer.status,
        "response_excerpt": answer_excerpt(answer.body) if answer else "",
        "error": storable_text(outcome.fault),
        "duration_ms": round(outcome.seconds * 1000),
    }
    if outcome.is_delivered:
        values |= {"state": Delivery.State.DELIVERED, "delivered_at": now}
    Delivery.objects.filter(pk=delivery.pk).update(**values)


def answer_excerpt(body: bytes) -> str:
    """Return the beginning of the receiver's answer as text."""
    return storable_text(body.decode(errors="replace"))[:LONGEST_EXCERPT]


def skip_refused(endpoint: Endpoint, delivery: Delivery) -> None:
    """Skip earlier deliveries with all tries used, now that this one was delivered: the receiver refuses only them.

    While a receiver accepts nothing at all, nothing is skipped.
    """
    earlier = endpoint.deliveries.filter(state=Delivery.State.PENDING, event_id__lt=delivery.event_id)
    earlier.filter(tries__gte=settings.WEBHOOK_TRIES).update(state=Delivery.State.SKIPPED)


def is_refused_alone(endpoint: Endpoint, delivery: Delivery, outcome: Outcome) -> bool:
    """Return True if the delivery has used all its tries and a later one was delivered already."""
    if outcome.is_gone or delivery.tries + 1 < settings.WEBHOOK_TRIES:
        return False
    return endpoint.deliveries.filter(state=Delivery.State.DELIVERED, event_id__gt=delivery.event_id).exists()


def postpone_if_slow(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    """Postpone a slow endpoint, so that waiting for it takes only a small part of a thread's time."""
    if outcome.is_slow:
        save_unless_disabled(endpoint, next_attempt_at=now + timedelta(seconds=SLOW_REST * outcome.seconds))


def clear_failures(endpoint: Endpoint) -> None:
    """Clear the failures of the endpoint."""
    if endpoint.failures:
        save_unless_disabled(endpoint, **NO_FAILURES)


def reason_to_disable(endpoint: Endpoint, outcome: Outcome, now: datetime) -> str:
    """Return in words why the endpoint has to be disabled; empty while it may be tried again."""
    if outcome.is_gone:
        return _("The receiver answered 410: it wants no more events.")
    since = endpoint.failing_since
    if since is None or now - since < timedelta(seconds=settings.WEBHOOK_GIVE_UP_SECONDS):
        return ""
    words = _("Nothing could be delivered since %(since)s. The last time: %(why)s")
    return words % {"since": f"{since:%Y-%m-%d %H:%M} UTC", "why": storable_text(outcome.fault)}


def postpone_next_attempt(endpoint: Endpoint, now: datetime) -> None:
    """Postpone the next attempt: the wait doubles with each failure, up to an hour, with 20 % jitter."""
    seconds = min(settings.WEBHOOK_RETRY_SECONDS * 2.0 ** min(endpoint.failures, 32), LONGEST_BACKOFF_SECONDS)
    wait = timedelta(seconds=seconds * random.uniform(0.8, 1.2))
    since = endpoint.failing_since or now
    save_unless_disabled(endpoint, failures=endpoint.failures + 1, failing_since=since, next_attempt_at=now + wait)


def save_unless_disabled(endpoint: Endpoint, **values: Any) -> None:
    """Store these values, unless a person has disabled the endpoint meanwhile."""
    for name, value in values.items():
        setattr(endpoint, name, value)
    Endpoint.objects.filter(pk=endpoint.pk, active=True).update(**values)
