"""One trace follows a project from its request to its report; without a collector nothing of it is there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django import Settings

from accounts.roles import ANSWERER
from backlog.models import Project
from clarifications.mails import notices
from clarifications.models import LedgerPosition
from events import outbox, streams
from events.models import Outbox
from events.outbox import Inheritance
from telemetry import tracing
from telemetry.otel import OtelTracer
from telemetry.tracing import Switch
from tests.callers import account
from tests.flows import envelope, on_the_log, opened, put, request, step
from tests.house import ROOT
from tests.receivers import administrator, happened, receiving
from tests.system import run_to_rest, system
from tests.waiting import wait_until
from webhooks.delivery import Deliverer
from webhooks.services import register_endpoint

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True)]
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What this process exports, kept in memory."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = OtelTracer.__new__(OtelTracer)
    tracer.tracer = provider.get_tracer("tests")
    monkeypatch.setattr(Switch, "tracer", tracer)
    yield exporter
    provider.shutdown()


def put_traced(event: dict[str, Any], traceparent: str) -> None:
    """An event of a producer that traces."""
    streams.client().xadd("audit:events", {"event": json.dumps(event), "traceparent": traceparent})


def traceparents() -> list[str]:
    """What stands beside the events of the log, oldest first; empty for an entry without."""
    return [fields.get(b"traceparent", b"").decode() for _, fields in streams.client().xrange("audit:events")]


def test_a_project_is_one_trace_under_the_span_of_its_producer(broker: None, spans: InMemorySpanExporter) -> None:
    event = request("minimal")
    put_traced(event, CALLER)
    with system():
        wait_until(lambda: len(on_the_log("REPORT.FINAL_PUBLISHED")) == 1)
        wait_until(lambda: len(spans.get_finished_spans()) >= 10)
    found = {span.context.span_id: span for span in spans.get_finished_spans() if span.context}
    assert {f"{span.context.trace_id:032x}" for span in found.values() if span.context} == {CALLER[3:35]}
    names = sorted(span.name for span in found.values())
    assert names.count("orchestrator PROJECT.INITIAL_REQUEST_RECEIVED") == 1
    assert names.count("generic_workers WORK.ITEM_DISPATCHED") == names.count("orchestrator WORK.ITEM_COMPLETED") == 3
    roots = [span for span in found.values() if span.parent is None or span.parent.span_id not in found]
    assert [f"{span.parent.span_id:016x}" for span in roots if span.parent] == [CALLER[36:52]]
    assert all(
        (span.attributes or {})["interlock.project"] == event["payload"]["project_id"] for span in found.values()
    )
    assert {parent[3:35] for parent in traceparents()} == {CALLER[3:35]}


def test_the_relay_passes_the_trace_on_for_a_process_that_died(
    broker: None, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_traced(request("minimal"), CALLER)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "publish_committed", lambda *_, **__: None)  # dies before it publishes
        run_to_rest("orchestrator")
    assert len(traceparents()) == 1
    Outbox.objects.update(owner="")
    assert Inheritance().publish_left_behind() > 3
    assert {parent[3:35] for parent in traceparents()} == {CALLER[3:35]}


def test_two_projects_of_one_batch_keep_their_traces_apart(broker: None, spans: InMemorySpanExporter) -> None:
    one, two = request("minimal"), request("minimal")
    put_traced(one, CALLER)
    put_traced(two, CALLER.replace("0af7", "1bf7"))
    run_to_rest("orchestrator")
    entries = [fields for _, fields in streams.client().xrange("audit:events")]
    for event, trace in ((one, "0af7"), (two, "1bf7")):
        project = event["payload"]["project_id"].encode()
        of_project = [fields[b"traceparent"][3:7].decode() for fields in entries if fields.get(b"project") == project]
        assert len(of_project) > 3
        assert set(of_project) == {trace}


@pytest.mark.parametrize(
    "bad", ["", "00-0-0-00", CALLER.upper(), f"{CALLER}\n", CALLER.replace("b7ad6b7169203331", "0" * 16)]
)
def test_what_is_no_traceparent_begins_a_new_trace_and_does_no_harm(
    broker: None, spans: InMemorySpanExporter, bad: str
) -> None:
    put_traced(request("minimal"), bad)
    run_to_rest("orchestrator")
    assert Project.objects.count() == 1
    [span] = spans.get_finished_spans()
    assert span.parent is None


def test_traces_are_packed_beside_the_events_of_a_commit() -> None:
    assert tracing.packed(["", ""]) is None
    packed = tracing.packed([CALLER, ""])
    assert packed is not None
    assert len(packed) == 2 * tracing.PACKED_BYTES
    assert tracing.unpacked(packed) == [CALLER, ""]


def test_without_a_collector_no_entry_has_a_trace_and_no_package_for_it_is_needed(broker: None) -> None:
    put(request("minimal"), envelope("WORK.ITEM_STARTED", {"project_id": "x", "backlog_item_id": "y"}))
    run_to_rest("orchestrator")
    assert set(traceparents()) == {""}
    assert list(Outbox.objects.exclude(traces=None)) == []
    # The client of the broker looks for the package by itself: here there is none.
    code = "import sys; sys.modules['opentelemetry'] = None; import django; django.setup();"
    code += "import runtime.management.commands.core, runtime.routing; print('telemetry.otel' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "False"


def test_a_webhook_is_a_span_that_its_receiver_can_continue(spans: InMemorySpanExporter) -> None:
    with receiving() as receiver:
        register_endpoint(administrator(), url=receiver.url)
        [event] = happened(1)
        Deliverer().once()
        receiver.status = 503
        happened(2)
        Deliverer().once()
    sent, refused = spans.get_finished_spans()
    assert sent.context
    assert receiver.requests[0][0]["traceparent"][3:52] == f"{sent.context.trace_id:032x}-{sent.context.span_id:016x}"
    assert sent.name == "webhook PROJECT.OPENED"
    values = [(span.attributes or {}).get("interlock.outcome") for span in (sent, refused)]
    assert (values, (sent.attributes or {})["messaging.message.id"]) == (["delivered", "refused"], str(event.event_id))
    assert [span.status.is_ok for span in (sent, refused)] == [True, False]


def test_a_mail_is_a_span_that_names_its_project(broker: None, spans: InMemorySpanExporter, settings: Settings) -> None:
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://interlock.example.org"
    LedgerPosition.objects.create(reader=notices.LEDGER_READER, seq=0)
    account("ann", ANSWERER, email="ann@example.org")
    needs = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number", "title": "Rate"}}}
    project = opened(step("only", needs=needs))
    assert notices.send_due_notices() == 1
    [span] = [span for span in spans.get_finished_spans() if span.name.startswith("mail ")]
    assert (span.attributes or {})["interlock.project"] == str(project.pk)
    assert (span.attributes or {})["interlock.outcome"] == "sent"
    assert "ann" not in str(dict(span.attributes or {}))
