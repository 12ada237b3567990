"""The spans of events: one for each event that a group handles, under the span in which the event was emitted.

What leaves the system later, a webhook or a mail, is a trace of its own, which names its event and its project: the
ledger does not keep the span in which an event was emitted.
"""

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


def begin_sending(what: str, event: Envelope) -> tracing.Span | None:
    """Begin the span of sending something about the event, such as a webhook; None if nothing is traced."""
    return tracing.begin(f"{what} {event.event_type}", parent="", kind="client")


def end_sending(span: tracing.Span | None, event: Envelope, outcome: str, *, is_error: bool) -> None:
    """End the span of sending with its outcome in a word."""
    if span:
        span.end({**attributes(event), "interlock.outcome": outcome}, is_error=is_error)


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
