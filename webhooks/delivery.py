"""Sends events to endpoints: at least once, in order, each endpoint by itself, with no transaction open meanwhile."""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event as Signal

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from events.clock import database_now
from events.faults import fault_point
from events.horizon import Horizon
from events.isolation import DATABASE_AWAY
from webhooks.attempts import attempt, record
from webhooks.models import Delivery, Endpoint
from webhooks.selectors import due, ended, events_for, reason_to_end, viewer, visible_events
from webhooks.services import disable

logger = logging.getLogger(__name__)

# Endpoints served side by side: each holds a thread and a database connection, and mostly waits.
THREADS = 8
# Events one look takes from the ledger for an endpoint.
LEDGER_ROWS = 500
# Deliveries read at once with their events, each of which may have a quarter of a megabyte.
SEND_ROWS = 20
# How many are tried at a turn where the first was refused often.
PROBES = 5
# An endpoint gives up its place after this long, so that many busy ones take turns.
TURN_SECONDS = 10.0
# How long an endpoint is its server's own: above a turn and the longest exchange begun at its end.
LEASE_SECONDS = 60.0
# How long the loop rests when no endpoint is due.
REST_SECONDS = 0.5


# -- which endpoints -------------------------------------------------------------------------------
@dataclass
class Deliverer:
    """Serves due endpoints with a few threads; one of them at most has an endpoint in hand."""

    stopping: Signal = field(default_factory=Signal)
    horizon: Horizon = field(default_factory=Horizon)

    def run(self) -> None:
        """Serve until told to stop, then finish what is in flight."""
        with ThreadPoolExecutor(THREADS, "webhooks") as pool:
            served: set[Future[None]] = set()
            while not self.stopping.is_set():
                served = {future for future in served if not future.done()}
                begun = self.begin(pool, THREADS - len(served))
                served |= begun
                if not begun:
                    self.stopping.wait(REST_SECONDS)
        connection.close()

    def begin(self, pool: ThreadPoolExecutor, free: int) -> set[Future[None]]:
        """Take as many due endpoints as threads are free; none while the database is away."""
        try:
            close_old_connections()
            final = self.horizon.look()
            end_the_ended()
            return {pool.submit(self.serve_in_thread, endpoint, final) for endpoint in leased(final, free)}
        except DATABASE_AWAY as error:
            logger.warning("Webhooks wait: %s", error)
            return set()

    def serve_in_thread(self, endpoint: Endpoint, final: int) -> None:
        """Serve it; after a fault of our own its lease lapses by itself, which is a wait before the next try."""
        try:
            self.serve(endpoint, final)
        except Exception:
            logger.exception("Serving the webhook %s failed", endpoint.pk)
        finally:
            connection.close()

    def once(self) -> int:
        """Serve endpoints, one after the other, until none is due; how many turns that took."""
        final, turns = self.horizon.look(), 0
        end_the_ended()
        while endpoints := leased(final, 1):
            self.serve(endpoints[0], final)
            turns += 1
        return turns

    def serve(self, endpoint: Endpoint, final: int) -> None:
        """Note what the endpoint is told of, send it in order until one fails or the turn is over, let go."""
        over = time.monotonic() + TURN_SECONDS
        if still_held(endpoint) is None:
            return
        take_from_ledger(endpoint, final)
        while self.send_pending(endpoint, over):
            take_from_ledger(endpoint, final)
        let_go(endpoint)

    def send_pending(self, endpoint: Endpoint, over: float) -> bool:
        """Send what waits, in order; whether all was taken and the turn may go on."""
        deliveries = pending(endpoint)
        if deliveries and deliveries[0].tries >= settings.WEBHOOK_TRIES:
            return self.probe(endpoint, over)
        for delivery in deliveries:
            held = still_held(endpoint)
            if held is None or not send(held, delivery) or self.is_over(over):
                return False
        return bool(deliveries)

    def probe(self, endpoint: Endpoint, over: float) -> bool:
        """Try a few of those tried least, since the first was refused often; whether one was taken."""
        for delivery in pending(endpoint, "tries", most=PROBES):
            held = still_held(endpoint)
            if held is None or self.is_over(over):
                return False
            if send(held, delivery):
                return True
        return False

    def is_over(self, over: float) -> bool:
        """Whether the turn has to end."""
        return time.monotonic() > over or self.stopping.is_set()


def leased(final: int, most: int) -> list[Endpoint]:
    """Due endpoints, taken so that no other process serves them; a quiet time writes nothing."""
    if not most or not due(database_now(), final).exists():
        return []
    with transaction.atomic():
        now = database_now()
        chosen = one_an_owner(due(now, final), most)
        taken = list(due(now, final).filter(pk__in=chosen).select_for_update(skip_locked=True, of=("self",)))
        until = now + timedelta(seconds=LEASE_SECONDS)
        Endpoint.objects.filter(pk__in=[endpoint.pk for endpoint in taken]).update(leased_until=until)
    return list(Endpoint.objects.select_related("owner", "key").filter(pk__in=[endpoint.pk for endpoint in taken]))


def one_an_owner(found: QuerySet[Endpoint], most: int) -> list[int]:
    """The first of each owner's, for as many owners as there are threads."""
    first: dict[int, int] = {}
    for pk, owner in found.values_list("pk", "owner_id").iterator():
        first.setdefault(owner, pk)
        if len(first) == most:
            break
    return list(first.values())


def end_the_ended() -> None:
    """Disable what may be sent nothing any more, with the reason."""
    for endpoint in ended():
        disable(endpoint, reason=reason_to_end(endpoint))


def still_held(endpoint: Endpoint) -> Endpoint | None:
    """The endpoint as it is now; nothing when it was disabled, or when another serves it."""
    mine = Endpoint.objects.filter(pk=endpoint.pk, active=True, leased_until=endpoint.leased_until)
    found = mine.select_related("owner", "key").first()
    if found is not None and (reason := reason_to_end(found)):
        disable(found, reason=reason)
        return None
    return found


def let_go(endpoint: Endpoint) -> None:
    """End the lease, unless it has lapsed and another holds the endpoint."""
    Endpoint.objects.filter(pk=endpoint.pk, leased_until=endpoint.leased_until).update(leased_until=database_now())


# -- what they are told ----------------------------------------------------------------------------
def take_from_ledger(endpoint: Endpoint, final: int) -> None:
    """Note the next events that the endpoint is told of, and how far the ledger was looked at."""
    if endpoint.position >= final:
        return
    found = events_for(endpoint).filter(seq__gt=endpoint.position, seq__lte=final)
    seqs = list(found.order_by("seq").values_list("seq", flat=True)[:LEDGER_ROWS])
    endpoint.position = final if len(seqs) < LEDGER_ROWS else seqs[-1]
    now = database_now()
    with transaction.atomic():
        noted = [Delivery(endpoint=endpoint, event_id=seq, created_at=now) for seq in seqs]
        Delivery.objects.bulk_create(noted, ignore_conflicts=True)
        endpoint.save(update_fields=["position"])


def pending(endpoint: Endpoint, *first: str, most: int = SEND_ROWS) -> list[Delivery]:
    """The next that wait, by number or by what comes `first`; what the owner may no longer see is given up instead."""
    waiting = endpoint.deliveries.filter(state=Delivery.State.PENDING)
    batch = list(waiting.select_related("event").order_by(*first, "event_id")[:most])
    among = visible_events(viewer(endpoint)).filter(pk__in=[delivery.event_id for delivery in batch])
    seen = set(among.values_list("pk", flat=True))
    give_up([delivery for delivery in batch if delivery.event_id not in seen])
    return [delivery for delivery in batch if delivery.event_id in seen]


def give_up(unseen: list[Delivery]) -> None:
    """Note that these are not sent, and why."""
    if unseen:
        rows = Delivery.objects.filter(pk__in=[delivery.pk for delivery in unseen])
        rows.update(state=Delivery.State.GIVEN_UP, error=_("The owner may not see the event."))


def send(endpoint: Endpoint, delivery: Delivery) -> bool:
    """Send it and record what came of it; whether it was delivered, and fast enough for another."""
    outcome = attempt(endpoint, delivery.event)
    fault_point("webhooks.after_send")
    record(endpoint, delivery, outcome)
    return outcome.delivered and not outcome.slow
