"""The spans of a batch: one for each event that a group handles, under the span in which the event was emitted."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from events.envelope import Envelope
from events.streams import Entry
from telemetry import tracing

FIELD = b"traceparent"

Spans = Mapping[UUID, tracing.Span]
NONE: Spans = {}


def begin_spans(group: str, readable: Iterable[tuple[Entry, Envelope]]) -> Spans:
    """Begin a span for each event and return them by event; none if nothing is traced.

    They are ended once the batch is committed: a batch that is rolled back and done again leaves one span an event.
    """
    if not tracing.is_on():
        return NONE
    spans = {}
    for entry, event in readable:
        if span := tracing.begin(f"{group} {event.event_type}", parent=entry.fields.get(FIELD, b"")):
            spans[event.event_id] = span
    return spans


def end_spans(spans: Spans, group: str, handled: Iterable[tuple[Envelope, str]], together: int) -> None:
    """End the spans of these (event, outcome)."""
    for event, outcome in handled if spans else ():
        if span := spans.get(event.event_id):
            span.end({**attributes(event), "interlock.group": group, "interlock.outcome": outcome, TOGETHER: together})


TOGETHER = "messaging.batch.message_count"


def attributes(event: Envelope) -> dict[str, str]:
    """Return what a span says of its event: its type and ids, and nothing of what people sent."""
    return {
        "messaging.system": "redis",
        "messaging.message.id": str(event.event_id),
        "interlock.event_type": event.event_type,
        "interlock.project": str(event.project_id or ""),
        "interlock.correlation": str(event.correlation_id),
    }


def traceparent_in(spans: Spans) -> str:
    """Return the traceparent of the only span; empty if nothing is traced."""
    return next(iter(spans.values())).traceparent if spans else ""
