"""One attempt to deliver an event: the signed request, and what came of it."""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from events.clock import database_now
from events.deadletters import clean
from events.models import Event
from webhooks.errors import RefusedAddress
from webhooks.models import LONGEST_EXCERPT, Delivery, Endpoint
from webhooks.network import TRANSPORT_ERRORS, Answer, post
from webhooks.selectors import may_reach_private, viewer
from webhooks.services import HEALTHY, disable
from webhooks.signing import signed_headers

LONGEST_BACKOFF_SECONDS = 3600.0
# A slow receiver rests for so many times as long as it took.
SLOW_REST = 3
AGENT = "Interlock-Webhooks"


@dataclass
class Outcome:
    """What came of one attempt."""

    took: float
    answer: Answer | None = None
    error: str = ""

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return self.answer is not None and HTTPStatus.OK <= self.answer.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def slow(self) -> bool:
        """Whether the receiver took so long that others have to come first."""
        return bool(self.took > settings.WEBHOOK_SLOW_SECONDS)

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants nothing any more."""
        return self.answer is not None and self.answer.status == HTTPStatus.GONE

    @property
    def fault(self) -> str:
        """What was wrong, in words; nothing when it was delivered."""
        if self.delivered or self.answer is None:
            return self.error
        return _("The receiver answered %(status)s.") % {"status": self.answer.status}


def attempt(endpoint: Endpoint, event: Event) -> Outcome:
    """One signed request, whose id is the event's: a receiver knows a repetition by it."""
    body = event.envelope().to_wire()
    signed = signed_headers(endpoint.secret, message_id=str(event.event_id), body=body, now=database_now())
    headers = {"content-type": "application/json", "user-agent": AGENT, **signed}
    started = time.monotonic()
    try:
        answer = post(endpoint.url, body=body, headers=headers, may_be_private=may_reach_private(viewer(endpoint)))
    except (RefusedAddress, *TRANSPORT_ERRORS) as error:
        return Outcome(time.monotonic() - started, error=str(error) or type(error).__name__)
    return Outcome(time.monotonic() - started, answer)


# -- what came of it -------------------------------------------------------------------------------
@transaction.atomic
def record(endpoint: Endpoint, delivery: Delivery, outcome: Outcome) -> None:
    """Keep the outcome with the delivery, and what it means for the endpoint."""
    now = database_now()
    store_attempt(delivery, outcome, now)
    if outcome.delivered:
        skip_refused(endpoint, delivery)
        recovered(endpoint)
        rest_if_slow(endpoint, outcome, now)
    elif is_refused_alone(endpoint, delivery, outcome):
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.State.SKIPPED)
        recovered(endpoint)
    elif reason := reason_to_disable(endpoint, outcome, now):
        disable(endpoint, reason=reason)
    else:
        put_off(endpoint, now)


def store_attempt(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """The delivery with its latest attempt."""
    answer = outcome.answer
    values: dict[str, Any] = {
        "attempts": delivery.attempts + 1,
        "tries": delivery.tries + 1,
        "response_status": answer and answer.status,
        "response_excerpt": excerpt(answer.body) if answer else "",
        "error": clean(outcome.fault),
        "duration_ms": round(outcome.took * 1000),
    }
    if outcome.delivered:
        values |= {"state": Delivery.State.DELIVERED, "delivered_at": now}
    Delivery.objects.filter(pk=delivery.pk).update(**values)


def excerpt(body: bytes) -> str:
    """The beginning of an answer as text."""
    return clean(body.decode(errors="replace"))[:LONGEST_EXCERPT]


def skip_refused(endpoint: Endpoint, delivery: Delivery) -> None:
    """Pass over what was refused often enough, now that something behind it was taken: it is not the receiver's state.

    A receiver that takes nothing at all has nothing skipped.
    """
    earlier = endpoint.deliveries.filter(state=Delivery.State.PENDING, event_id__lt=delivery.event_id)
    earlier.filter(tries__gte=settings.WEBHOOK_TRIES).update(state=Delivery.State.SKIPPED)


def is_refused_alone(endpoint: Endpoint, delivery: Delivery, outcome: Outcome) -> bool:
    """Whether it was refused often enough, and something behind it was taken already."""
    if outcome.gone or delivery.tries + 1 < settings.WEBHOOK_TRIES:
        return False
    return endpoint.deliveries.filter(state=Delivery.State.DELIVERED, event_id__gt=delivery.event_id).exists()


def rest_if_slow(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    """Put off a receiver that took its time, so that its waits are a small part of a thread's time."""
    if outcome.slow:
        update(endpoint, next_attempt_at=now + timedelta(seconds=SLOW_REST * outcome.took))


def recovered(endpoint: Endpoint) -> None:
    """Nothing is held against the endpoint any more."""
    if endpoint.failures:
        update(endpoint, **HEALTHY)


def reason_to_disable(endpoint: Endpoint, outcome: Outcome, now: datetime) -> str:
    """Why nothing more should be sent, in words; nothing while there is hope."""
    if outcome.gone:
        return _("The receiver answered 410: it wants no more events.")
    since = endpoint.failing_since
    if since is None or now - since < timedelta(seconds=settings.WEBHOOK_GIVE_UP_SECONDS):
        return ""
    words = _("Nothing could be delivered since %(since)s. The last time: %(why)s")
    return words % {"since": f"{since:%Y-%m-%d %H:%M} UTC", "why": clean(outcome.fault)}


def put_off(endpoint: Endpoint, now: datetime) -> None:
    """The endpoint is tried again after a wait that doubles with every failure, with jitter."""
    seconds = min(settings.WEBHOOK_RETRY_SECONDS * 2.0 ** min(endpoint.failures, 32), LONGEST_BACKOFF_SECONDS)
    wait = timedelta(seconds=seconds * random.uniform(0.8, 1.2))
    since = endpoint.failing_since or now
    update(endpoint, failures=endpoint.failures + 1, failing_since=since, next_attempt_at=now + wait)


def update(endpoint: Endpoint, **values: Any) -> None:
    """Store these values; a person may have disabled the endpoint meanwhile, which stands."""
    for name, value in values.items():
        setattr(endpoint, name, value)
    Endpoint.objects.filter(pk=endpoint.pk, active=True).update(**values)
