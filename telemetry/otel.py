"""Spans through OpenTelemetry; only `tracing.start` imports this module, which needs the extra `otel`.

The SDK reads its own variables (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, OTEL_BSP_…). A collector that does not
answer costs spans and nothing else: they wait on a thread in a queue of bounded length.
"""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from telemetry.tracing import Kind, Values

KINDS = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT}


class OtelSpan:
    """A span of OpenTelemetry."""

    def __init__(self, span: trace.Span) -> None:
        self.span, context = span, span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def end(self, values: Values, *, name: str = "", is_error: bool = False) -> None:
        """End the span with these attributes, and give it another name."""
        self.span.set_attributes(dict(values))
        if name:
            self.span.update_name(name)
        if is_error:
            self.span.set_status(Status(StatusCode.ERROR))
        self.span.end()


class OtelTracer:
    """Makes spans and sends them, in batches and on a thread, to a collector over OTLP."""

    def __init__(self, *, service: str, version: str) -> None:
        provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": version}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = provider.get_tracer("interlock", version)

    def begin(self, name: str, *, parent: str, kind: Kind) -> OtelSpan:
        """Begin a span under the parent, a traceparent; a new trace for an empty one."""
        return OtelSpan(self.tracer.start_span(name, context=context_of(parent), kind=KINDS[kind]))


def context_of(traceparent: str) -> Context:
    """Return the context of a span with this parent."""
    context = Context()
    if not traceparent:
        return context
    _version, trace_id, span_id, flags = traceparent.split("-")
    parent = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(NonRecordingSpan(parent), context)
