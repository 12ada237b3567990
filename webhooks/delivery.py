"""Sends events to endpoints: at least once, in order for each endpoint, with no transaction open during a request."""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event as Signal
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from environment import heartbeat
from events.clock import database_now
from events.faults import fault_point
from events.horizon import Horizon
from events.isolation import DATABASE_AWAY
from events.prepared import Fixed
from telemetry import metrics
from webhooks.attempts import attempt_delivery, record_outcome
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import (
    due_endpoints,
    endpoints_to_end,
    events_for,
    owner_with_key,
    reason_to_end,
    visible_events,
)
from webhooks.services import disable_endpoint

logger = logging.getLogger(__name__)

# How many endpoints are served at the same time; each needs a thread and a database connection, and mostly waits.
THREADS = 8
# How many events are taken from the ledger at once for an endpoint.
LEDGER_ROWS = 500
# How many deliveries are read at once with their events; an event may have a quarter of a megabyte.
SEND_ROWS = 20
# How many deliveries are tried in a turn if the first one has used all its tries.
PROBES = 5
# Seconds of a turn: after that other endpoints come first.
TURN_SECONDS = 10.0
# Seconds of a lease: longer than a turn and a request that begins at its end.
LEASE_SECONDS = 60.0
# Seconds between two looks for due endpoints when there are none.
REST_SECONDS = 0.5
# An endpoint that is active, if there is one: most installations have none, and this is asked at each look.
ACTIVE = Fixed[Any](lambda: Endpoint.objects.filter(active=True).order_by().values("pk")[:1])


# -- endpoints -------------------------------------------------------------------------------------
@dataclass
class Deliverer:
    """Serves due endpoints with THREADS threads; an endpoint is served by one thread at a time."""

    stopping: Signal = field(default_factory=Signal)
    horizon: Horizon = field(default_factory=Horizon)

    def run(self) -> None:
        """Serve endpoints until `stopping` is set, then finish the requests that are under way."""
        with ThreadPoolExecutor(THREADS, "webhooks") as pool:
            served: set[Future[None]] = set()
            while not self.stopping.is_set():
                heartbeat.turn("deliver")
                served = {future for future in served if not future.done()}
                started = self.start(pool, THREADS - len(served))
                served |= started
                if not started:
                    self.stopping.wait(REST_SECONDS)
        heartbeat.end("deliver")
        connection.close()

    def start(self, pool: ThreadPoolExecutor, free: int) -> set[Future[None]]:
        """Lease due endpoints, one for each free thread, and start to serve them; none while the database is away."""
        try:
            close_old_connections()
            final = self.horizon.look()
            if not ACTIVE.rows():
                return set()
            disable_ended_endpoints()
            return {pool.submit(self.serve_in_thread, endpoint, final) for endpoint in lease_endpoints(final, free)}
        except DATABASE_AWAY as error:
            logger.warning("Webhooks wait: %s", error)
            return set()

    def serve_in_thread(self, endpoint: Endpoint, final: int) -> None:
        """Serve the endpoint. After an error in this program it is tried again when its lease has ended."""
        try:
            self.serve(endpoint, final)
        except Exception:
            logger.exception("Serving the webhook %s failed", endpoint.pk)
        finally:
            connection.close()

    def once(self) -> int:
        """Serve endpoints one after the other until none is due. Return the number of turns."""
        final, turns = self.horizon.look(), 0
        disable_ended_endpoints()
        while endpoints := lease_endpoints(final, 1):
            self.serve(endpoints[0], final)
            turns += 1
        return turns

    def serve(self, endpoint: Endpoint, final: int) -> None:
        """Make deliveries of new events, send them in order until one fails or the turn ends, end the lease."""
        ends_at = time.monotonic() + TURN_SECONDS
        if reload_leased(endpoint) is None:
            return
        create_deliveries(endpoint, final)
        while self.send_next(endpoint, ends_at):
            create_deliveries(endpoint, final)
        end_lease(endpoint)

    def send_next(self, endpoint: Endpoint, ends_at: float) -> bool:
        """Send the next deliveries in order. Return True if all were delivered and the turn may go on."""
        deliveries = next_deliveries(endpoint)
        if deliveries and deliveries[0].tries >= settings.WEBHOOK_TRIES:
            return self.probe(endpoint, ends_at)
        for delivery in deliveries:
            current = reload_leased(endpoint)
            if current is None or not send_delivery(current, delivery) or self.is_turn_over(ends_at):
                return False
        return bool(deliveries)

    def probe(self, endpoint: Endpoint, ends_at: float) -> bool:
        """Try the deliveries with the fewest tries, since the first is refused. Return True if one is delivered."""
        for delivery in next_deliveries(endpoint, "tries", most=PROBES):
            current = reload_leased(endpoint)
            if current is None or self.is_turn_over(ends_at):
                return False
            if send_delivery(current, delivery):
                return True
        return False

    def is_turn_over(self, ends_at: float) -> bool:
        """Return True if the turn has to end: its time is over, or the process stops."""
        return time.monotonic() > ends_at or self.stopping.is_set()


def lease_endpoints(final: int, most: int) -> list[Endpoint]:
    """Lease up to `most` due endpoints, one for each owner, and return them. Writes nothing if none is due."""
    if not most or not due_endpoints(database_now(), final).exists():
        return []
    with transaction.atomic():
        now = database_now()
        candidates = first_of_each_owner(due_endpoints(now, final), most)
        endpoints = list(
            due_endpoints(now, final).filter(pk__in=candidates).select_for_update(skip_locked=True, of=("self",))
        )
        until = now + timedelta(seconds=LEASE_SECONDS)
        Endpoint.objects.filter(pk__in=[endpoint.pk for endpoint in endpoints]).update(leased_until=until)
    return list(Endpoint.objects.select_related("owner", "key").filter(pk__in=[endpoint.pk for endpoint in endpoints]))


def first_of_each_owner(endpoints: QuerySet[Endpoint], most: int) -> list[int]:
    """Return the primary key of the first endpoint of each owner, for up to `most` owners."""
    first: dict[int, int] = {}
    for pk, owner in endpoints.values_list("pk", "owner_id").iterator():
        first.setdefault(owner, pk)
        if len(first) == most:
            break
    return list(first.values())


def disable_ended_endpoints() -> None:
    """Disable the endpoints that may not get events any more, each with its reason."""
    for endpoint in endpoints_to_end():
        disable_endpoint(endpoint, reason=reason_to_end(endpoint))


def reload_leased(endpoint: Endpoint) -> Endpoint | None:
    """Return the endpoint read again, or None if it was disabled or another process has the lease.

    An endpoint whose owner or key may not get events any more is disabled here.
    """
    own = Endpoint.objects.filter(pk=endpoint.pk, active=True, leased_until=endpoint.leased_until)
    found = own.select_related("owner", "key").first()
    if found is not None and (reason := reason_to_end(found)):
        disable_endpoint(found, reason=reason)
        return None
    return found


def end_lease(endpoint: Endpoint) -> None:
    """End the lease, unless it has expired and another process has the endpoint."""
    Endpoint.objects.filter(pk=endpoint.pk, leased_until=endpoint.leased_until).update(leased_until=database_now())


# -- deliveries ------------------------------------------------------------------------------------
def create_deliveries(endpoint: Endpoint, final: int) -> None:
    """Make pending deliveries of the next events of the endpoint, and move its position in the ledger."""
    if endpoint.position >= final:
        return
    events = events_for(endpoint).filter(seq__gt=endpoint.position, seq__lte=final)
    seqs = list(events.order_by("seq").values_list("seq", flat=True)[:LEDGER_ROWS])
    endpoint.position = final if len(seqs) < LEDGER_ROWS else seqs[-1]
    now = database_now()
    with transaction.atomic():
        deliveries = [Delivery(endpoint=endpoint, event_id=seq, created_at=now) for seq in seqs]
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        endpoint.save(update_fields=["position"])


def next_deliveries(endpoint: Endpoint, *first: str, most: int = SEND_ROWS) -> list[Delivery]:
    """Return the next pending deliveries, ordered by the fields `first` and then by event.

    Deliveries of events that the owner may not see any more are given up instead.
    """
    waiting = endpoint.deliveries.filter(state=Delivery.State.PENDING)
    batch = list(waiting.select_related("event").order_by(*first, "event_id")[:most])
    visible = visible_events(owner_with_key(endpoint)).filter(pk__in=[delivery.event_id for delivery in batch])
    seen = set(visible.values_list("pk", flat=True))
    give_up_unseen([delivery for delivery in batch if delivery.event_id not in seen])
    return [delivery for delivery in batch if delivery.event_id in seen]


def give_up_unseen(unseen: list[Delivery]) -> None:
    """Mark these deliveries as given up, because the owner may not see their events."""
    if unseen:
        rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in unseen])
        rows.update(state=Delivery.State.GIVEN_UP, error=_("The owner may not see the event."))


def send_delivery(endpoint: Endpoint, delivery: Delivery) -> bool:
    """Send the delivery and record the outcome. Return True if it was delivered and the receiver was not slow."""
    outcome = attempt_delivery(endpoint, delivery.event)
    fault_point("webhooks.after_send")
    record_outcome(endpoint, delivery, outcome)
    metrics.WEBHOOK_ATTEMPTS.labels(outcome.kind).inc()
    metrics.WEBHOOK_SECONDS.observe(outcome.seconds)
    return outcome.is_delivered and not outcome.is_slow
