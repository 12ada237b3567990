"""Traces: which step of which process followed from which, over all processes that worked for a project.

A span is one step: a request, an item of work, an event that was handled. It is named by a `traceparent` (W3C Trace
Context), which travels beside the event on the stream, so that the next process continues the same trace.

Without `start` nothing is traced: `begin` returns None, and no package of OpenTelemetry is imported.
"""

import re
from collections.abc import Mapping
from typing import Literal, Protocol

from telemetry import requests

TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# Bytes of a packed traceparent: the trace, the span, the flags.
PACKED_BYTES = 16 + 8 + 1
Kind = Literal["server", "consumer", "client"]
Values = Mapping[str, str | int | float]


class Span(Protocol):
    """A step that has begun; it is exported once it is ended, and never if it is not."""

    traceparent: str

    def end(self, values: Values, *, name: str = "", is_error: bool = False) -> None:
        """End the span with these attributes, and give it another name."""


class Tracer(Protocol):
    """What makes spans: `telemetry/otel.py`."""

    def begin(self, name: str, *, parent: str, kind: Kind) -> Span:
        """Begin a span under the parent, a traceparent; a new trace for an empty one."""


class Switch:
    """The tracer of this process; None while nothing is traced."""

    tracer: Tracer | None = None


def start(*, service: str, version: str) -> None:
    """Trace from now on; spans go to OTEL_EXPORTER_OTLP_ENDPOINT. Raises ImportError without the extra `otel`."""
    from telemetry.otel import OtelTracer

    Switch.tracer = OtelTracer(service=service, version=version)


def is_on() -> bool:
    """Return True if this process traces."""
    return Switch.tracer is not None


def begin(name: str, *, parent: str | bytes, kind: Kind = "consumer") -> Span | None:
    """Begin a span under the parent; a new trace where that is no traceparent. None if nothing is traced."""
    if Switch.tracer is None:
        return None
    text = parent.decode("latin-1") if isinstance(parent, bytes) else parent
    return Switch.tracer.begin(name, parent=text if TRACEPARENT.fullmatch(text) else "", kind=kind)


def of_request() -> str:
    """Return the traceparent of the request that is served now; empty outside of one."""
    request = requests.current.get()
    return request.traceparent if request else ""


def trace_id(traceparent: str) -> str:
    """Return the id of the trace, which a log line shows; empty for an empty traceparent."""
    return traceparent[3:35]


def packed(traceparents: list[str]) -> bytes | None:
    """Return the traceparents as PACKED_BYTES each, an empty one as zeros; None if all are empty."""
    if not any(traceparents):
        return None
    return b"".join(bytes.fromhex(text[3:].replace("-", "")) or bytes(PACKED_BYTES) for text in traceparents)


def unpacked(raw: bytes) -> list[str]:
    """Return the traceparents that `packed` packed."""
    parts = [raw[start : start + PACKED_BYTES].hex() for start in range(0, len(raw), PACKED_BYTES)]
    return [f"00-{part[:32]}-{part[32:48]}-{part[48:]}" if part.strip("0") else "" for part in parts]
