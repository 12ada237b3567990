"""Publishes dispatches again that the broker has lost, and no others.

A long queue is no loss: so nothing is repeated because time has passed. What starts a look is a sign that the broker
may have lost something (another run id, a counter of ours that is missing or went back), and once in a
REPUBLISH_SECONDS a look at dispatches that nobody has begun for as long.

A look asks which open dispatches the broker still holds, undelivered or unsettled. One that it does not hold may have
been answered a moment ago, with the answer still in the log: so a dispatch counts as lost only if it is still open when
the orchestrator has settled the log up to where it stood after that question.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from events import abandoned, holding, outbox, signs, streams
from events.clock import database_now
from events.models import Event
from telemetry import metrics

logger = logging.getLogger(__name__)

# Workers ask for work every second, or renew what they hold; one that has not for this long is not there.
WORKER_SEEN_SECONDS = 60.0
# Ids that are looked up in the ledger with one query.
MOST_IDS = 500
# Extension point, filled by `backlog.apps`: returns {dispatch: agent} of the dispatches that nobody has begun.
OPEN_DISPATCHES: list[Callable[[], dict[UUID, str]]] = []


def open_dispatches() -> dict[UUID, str]:
    """Return {dispatch: its agent} of every dispatch that nobody has begun and that is not superseded."""
    return {dispatch: agent for find in OPEN_DISPATCHES for dispatch, agent in find().items()}


@dataclass(frozen=True, slots=True)
class Suspects:
    """Open dispatches that the broker did not hold, and the ends of the log's streams at that time."""

    dispatches: frozenset[UUID]
    log_ends: dict[str, str]


class LostDispatches:
    """Watches one broker, with what it looked like at the last look."""

    def __init__(self) -> None:
        self.nodes: dict[str, tuple[str, int]] = {}
        self.has_to_look = False
        self.next_slow_look = 0.0
        self.suspects: Suspects | None = None

    def publish_lost(self) -> int:
        """Do the next step of a look, if there is a reason for one; return how many dispatches were published again."""
        if self.is_broker_changed():
            # What was found before says nothing about this broker, whose log may never come to that end.
            self.has_to_look, self.suspects = True, None
        if self.suspects is None:
            self.suspects = self.find_suspects()
        if self.suspects is None or not streams.is_settled_up_to(self.suspects.log_ends, streams.OWNER_GROUPS[0]):
            return 0
        lost = self.suspects.dispatches & open_dispatches().keys()
        self.suspects = None
        if not lost:
            return 0
        logger.warning("The broker has lost %s dispatches: they are published again", len(lost))
        number = outbox.publish_events(sorted(lost))
        metrics.PUBLISHED_LATE.labels("lost").inc(number)
        return number

    def find_suspects(self) -> Suspects | None:
        """Return the open dispatches that the broker does not hold; None if there are none, or no reason to look."""
        if not self.has_to_look and time.monotonic() < self.next_slow_look:
            return None
        waiting = open_dispatches()
        if waiting and not self.has_to_look:
            waiting = older_than(database_now() - timedelta(seconds=settings.REPUBLISH_SECONDS), waiting)
        missing = waiting.keys() - outbox.unpublished() - held_dispatches(waiting)
        self.has_to_look, self.next_slow_look = False, time.monotonic() + settings.REPUBLISH_SECONDS
        return Suspects(frozenset(missing), streams.log_ends()) if missing else None

    def is_broker_changed(self) -> bool:
        """Return True if the broker, or a node of it, is another one than at the last look, or has an older state."""
        before, self.nodes = self.nodes, signs.signs_of_the_broker()
        same = {name for name, (run_id, count) in before.items() if is_newer(self.nodes.get(name), run_id, count)}
        return not same or same != self.nodes.keys() or same != before.keys()


def is_newer(node: tuple[str, int] | None, run_id: str, count: int) -> bool:
    """Return True if the node has this run id, and a higher count than this one."""
    return node is not None and node[0] == run_id and node[1] > count


def older_than(moment: datetime, dispatches: dict[UUID, str]) -> dict[UUID, str]:
    """Return those of the dispatches that were recorded before the moment."""
    ids, old = list(dispatches), Event.objects.filter(recorded_at__lt=moment).values_list("event_id", flat=True)
    parts = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
    return {dispatch: dispatches[dispatch] for part in parts for dispatch in old.filter(event_id__in=part)}


def held_dispatches(dispatches: Mapping[UUID, str]) -> set[UUID]:
    """Return those of the dispatches, {dispatch: its agent}, that stand in a work stream, undelivered or unsettled."""
    # Compared as texts: other programs may write anything into the field `id` of an entry.
    work_streams = {streams.work_stream(agent) for agent in dispatches.values()}
    held = {event for stream in work_streams for event in holding.unsettled_events(stream)}
    return {dispatch for dispatch in dispatches if str(dispatch) in held}


def waiting_in_queues(dispatches: Mapping[UUID, str]) -> set[UUID]:
    """Return those of the dispatches that stand in the work stream of an agent whose workers asked for work lately."""
    read = {agent for agent in set(dispatches.values()) if has_workers(agent)}
    return held_dispatches({dispatch: agent for dispatch, agent in dispatches.items() if agent in read})


def has_workers(agent: str) -> bool:
    """Return True if a worker of the agent has asked for work in the last WORKER_SEEN_SECONDS."""
    stream, group = streams.work_stream(agent), streams.worker_group(agent)
    if all(reader.name != group for reader in streams.groups(stream)):
        return False
    idle = abandoned.idle_seconds(stream, group)
    return idle is not None and idle < WORKER_SEEN_SECONDS


def oldest_open_dispatch() -> datetime | None:
    """Return when the oldest dispatch that nobody has begun was recorded; None if there is none."""
    # Ids of version 7 grow with time; those of other versions are from earlier releases, and older than all of them.
    oldest_first = sorted(open_dispatches(), key=lambda dispatch: (dispatch.version == 7, dispatch))
    moments = Event.objects.filter(event_id__in=oldest_first[:MOST_IDS]).order_by("recorded_at")
    return moments.values_list("recorded_at", flat=True).first()
