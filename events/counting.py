"""Counts what was done with events, once for each batch or transaction, and only what is committed.

Where LOG_EVENTS asks for it, each event has a line in the log, too.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from prometheus_client import Histogram

from events.envelope import Envelope
from events.ledger import Record
from schemas.registry import registry
from telemetry import metrics
from telemetry.tracing import Span, trace_id

logger = logging.getLogger("interlock.events")


@cache
def known_types() -> frozenset[str]:
    """Return the event types that have a contract: no other text becomes a label."""
    return frozenset(registry().event_types())


def count_events(group: str, outcomes: Iterable[tuple[str, str]]) -> None:
    """Count these (event type, outcome) for the group; one update for each pair that differs."""
    for (kind, outcome), number in Counter(outcomes).items():
        metrics.EVENTS.labels(group, kind if kind in known_types() else metrics.OTHER, outcome).inc(number)


def log_events(
    group: str, handled: Sequence[tuple[Envelope, str]], seconds: float, spans: Mapping[UUID, Span] | None = None
) -> None:
    """Log each (event, outcome) of a batch that took these seconds, if events are logged; its payload is not."""
    if not logger.isEnabledFor(logging.INFO):
        return
    for event, outcome in handled:
        span = (spans or {}).get(event.event_id)
        logger.info(
            "%s %s",
            event.event_type if event.event_type in known_types() else metrics.OTHER,
            outcome,
            extra={
                "trace": trace_id(span.traceparent) if span else "",
                "group": group,
                "event": event.event_id,
                "project": event.project_id,
                "correlation": event.correlation_id,
                "seconds": round(seconds, 4),
                "together": len(handled),
                "outcome": outcome,
            },
        )


class Figures:
    """What one unit of work has done; it counts once the work is committed, so that nothing rolled back counts."""

    def __init__(self) -> None:
        self.transitions: list[tuple[type[Any], str]] = []
        self.times: list[tuple[Histogram, float]] = []

    def note_transitions(self, objects: Iterable[Any]) -> None:
        """Note the transitions that `events.lifecycle` has left with these objects."""
        for obj in objects:
            if states := obj.__dict__.pop("unwritten_states", None):
                self.transitions += [(type(obj), state) for state in states]

    def count(self, emitted: Sequence[Record]) -> None:
        """Count everything noted, and the emitted events."""
        for (model, state), number in Counter(self.transitions).items():
            metrics.TRANSITIONS.labels(model.__name__.lower(), state).inc(number)
        for histogram, seconds in self.times:
            histogram.observe(seconds)
        for kind, number in Counter(event.type for event in emitted).items():
            metrics.EMITTED.labels(kind).inc(number)
