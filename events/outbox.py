"""Publishes what was committed, once: by the process that committed it, or by the relay after that process's death.

Each commit that emits events writes one row of the outbox, which names them. The process publishes them after the
commit, and deletes the row: a server of streams with its next commit, or when it is idle, a web process a moment later
(`events/deletion.py`), any other process at once.
A row that stays was left behind by a process that died between the two, or that met an absent broker and gave it up.

The relay takes such a row over when it has seen it before and its owner gives no sign of life; never because a row is
old, since under load a row may be old before any other session can see it.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings

from events import bulk, deletion, signs, streams
from events.faults import InjectedFault, fault_point
from events.isolation import DATABASE_AWAY
from events.ledger import Record
from events.models import Event, Outbox
from events.outage import outage
from events.prepared import Fixed
from telemetry import metrics, tracing

logger = logging.getLogger(__name__)

# Rows of the outbox that the relay looks at together, and events that it publishes together.
MOST_ROWS, MOST_EVENTS = 500, 500
UUID_BYTES = 16
# The relay looks several times a second.
WRITTEN = Fixed[Any](lambda: Outbox.objects.order_by("pk").values("pk", "owner")[:MOST_ROWS])


class Published(threading.local):
    """The outbox rows of this thread: `rows` are published and not deleted yet, `left` are still to be given up.

    A thread that `defers` deletes its rows with its next commit, or when it is idle; any other deletes each at once.
    """

    def __init__(self) -> None:
        self.defers, self.has_committed = False, False
        self.rows: list[int] = []
        self.left: list[int] = []


published = Published()


@cache
def owner_of(process: int) -> str:
    """Return the name under which this process owns rows; no other process ever has the same."""
    return f"{settings.SERVICE_INSTANCE}-{process}-{uuid4().hex[:12]}"


def defer_deleting() -> None:
    """Have this thread delete its rows with its next commit; it must call `delete_published` when it is idle."""
    published.defers = True


def show_life() -> None:
    """Show other processes that this one lives and will publish what this thread commits; nothing if it never has."""
    if published.has_committed:
        signs.show_life(owner_of(os.getpid()))


# -- by the process that commits -------------------------------------------------------------------
def add_row(events: Sequence[Record], *, now: datetime) -> Outbox | None:
    """Write the outbox row of this transaction's events and return it; None if there are no events.

    The rows of earlier commits of this thread whose events are published are deleted along with it.
    """
    if published.rows:
        bulk.delete(Outbox, published.rows)
    if not events:
        return None
    ids = b"".join(event.event_id.bytes for event in events)
    traces = tracing.packed([event.traceparent for event in events])
    row = Outbox(owner=owner_of(os.getpid()), events=ids, written_at=now, traces=traces)
    bulk.insert(Outbox, [row])
    return row


def publish_committed(events: Sequence[Record], row: int | None, *, deleted: Sequence[int] = ()) -> None:
    """Publish events that this process has just committed with this row of the outbox.

    `deleted` are the rows that the same transaction has deleted. Nothing is raised, since the commit counts whether it
    is published or not: what cannot be published is left to the relay. After an outage nothing is tried for a while,
    so that of many callers only one waits for the broker's time-out.
    """
    published.rows = [pk for pk in published.rows if pk not in deleted]
    if row is None:
        return
    published.has_committed = True
    if outage.is_current():
        leave_to_relay(row)
        return
    try:
        streams.publish([event.outgoing() for event in events])
        fault_point("publish.after_xadd")
    except streams.BROKER_ERRORS as error:
        outage.note_outage()
        logger.warning("%s events wait for the relay: %s", len(events), error)
        leave_to_relay(row)
    except InjectedFault:
        raise
    except Exception:
        logger.exception("%s events wait for the relay", len(events))
        leave_to_relay(row)
    else:
        delete_later(row)
        fault_point("publish.done")


def delete_later(row: int) -> None:
    """Have the row deleted, whose events are published: on a thread beside this one, with its next commit, or now."""
    if deletion.current and deletion.current.is_running():
        deletion.current.handed_over.put(row)
        return
    published.rows.append(row)
    if not published.defers:
        delete_published()


def delete_published() -> None:
    """Delete the rows of this thread whose events are published, and give up those that it could not publish.

    Logs, and raises nothing, if the database is away: then the next call does it.
    """
    try:
        if published.left:
            Outbox.objects.filter(pk__in=published.left).update(owner="")
            published.left = []
        if published.rows:
            bulk.delete(Outbox, published.rows)
            published.rows = []
    except DATABASE_AWAY as error:
        logger.warning("Rows of the outbox have to wait: %s", error)


def leave_to_relay(row: int) -> None:
    """Give the row up, so that the relay takes it over at its next look."""
    metrics.LEFT_TO_RELAY.inc()
    published.left.append(row)
    delete_published()


# -- by the relay ----------------------------------------------------------------------------------
class Inheritance:
    """Publishes what other processes left behind; it remembers when it first saw each row with its owner."""

    def __init__(self) -> None:
        self.name = f"relay-{uuid4()}"
        self.seen: dict[tuple[int, str], float] = {}

    def publish_left_behind(self) -> int:
        """Take over the rows that their owners left behind, publish their events, and return how many events.

        A row that cannot be published is logged and tried again later; it does not hold up the others.
        """
        rows = [(row["pk"], row["owner"]) for row in WRITTEN.rows()]
        now, grace = time.monotonic(), settings.RELAY_GRACE_SECONDS
        self.seen = {row: self.seen.get(row, now) for row in rows}
        waiting = {pk: owner for pk, owner in rows if not owner or now - self.seen[pk, owner] >= grace}
        if not waiting:
            return 0
        streams.require_reachable()
        signs.show_life(self.name)
        # Its own rows are those that it could not publish at an earlier look.
        living = signs.living({owner for owner in waiting.values() if owner}) - {self.name}
        return sum(self.publish_row(pk, owner) for pk, owner in waiting.items() if owner not in living)

    def publish_row(self, pk: int, owner: str) -> int:
        """Take the row over from this owner, publish its events and delete it; return how many events.

        Of several relays one gets the row. If it dies, the row has an owner without a sign of life again.
        """
        if not Outbox.objects.filter(pk=pk, owner=owner).update(owner=self.name):
            return 0
        try:
            events, traces = Outbox.objects.values_list("events", "traces").get(pk=pk)
            ids = event_ids(bytes(events))
            number = publish_events(ids, dict(zip(ids, tracing.unpacked(bytes(traces or b"")), strict=False)))
        except (*streams.BROKER_ERRORS, *DATABASE_AWAY, InjectedFault):
            raise
        except Exception:
            logger.exception("The events of row %s of the outbox cannot be published", pk)
            return 0
        metrics.PUBLISHED_LATE.labels("left_behind").inc(number)
        fault_point("relay.after_xadd")
        bulk.delete(Outbox, [pk])
        fault_point("relay.after_delete")
        return number


def publish_events(ids: Sequence[UUID], traces: Mapping[UUID, str] | None = None) -> int:
    """Publish these events of the ledger, in the order of their numbers; return how many.

    `traces` are the spans in which they were emitted, where that is known.
    """
    number = 0
    for start in range(0, len(ids), MOST_EVENTS):
        events = Event.objects.filter(event_id__in=ids[start : start + MOST_EVENTS]).order_by("seq")
        number += len(events)
        streams.publish([event.outgoing((traces or {}).get(event.event_id, "")) for event in events])
    return number


def event_ids(packed: bytes) -> list[UUID]:
    """Return the event ids that a row of the outbox names."""
    return [UUID(bytes=packed[start : start + UUID_BYTES]) for start in range(0, len(packed), UUID_BYTES)]


def unpublished() -> set[UUID]:
    """Return the ids of all events that are in the outbox, those just being published included."""
    rows = Outbox.objects.values_list("events", flat=True)
    return {event_id for packed in rows for event_id in event_ids(bytes(packed))}
