"""A producer that floods the log with what cannot be handled: a neighbour's project is on time, and nothing is lost."""

import asyncio
import time
from collections.abc import Callable

import orjson
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from backlog.models import Project
from events import producers, streams
from events.consumers import MOST_ALONE
from events.deadletters.outgoing import publish_dead_letters
from events.models import DeadLetter
from events.producers import MOST_REFUSED_IN_WINDOW, WINDOW_SECONDS, RefusedLately
from events.trimming import trim_streams
from runtime.groups import stream_consumers
from runtime.management.commands.consume import server
from tests.flows import as_entries, put, request, step, template
from tests.invariants import violations
from tests.system import run_to_rest, serve_to_rest, system, transactions
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

FLOOD = 20_000
FLOODS: dict[str, Callable[[], bytes]] = {
    "unreadable": lambda: b"not an event",
    "of a template that does not exist": lambda: orjson.dumps(request("nowhere")),
}


def seconds_of_a_project(name: str) -> float:
    """How long it takes until a neighbour's request of this template has its dispatch."""
    event, started = request(name) | {"source": {"service": "neighbour", "instance": "1"}}, time.monotonic()
    put(event)
    dispatched = Project.objects.filter(pk=event["payload"]["project_id"], items__state="IN_PROGRESS")
    wait_until(lambda: dispatched.exists(), 120)
    return time.monotonic() - started


@pytest.mark.parametrize("kind", FLOODS)
def test_a_project_beside_20000_bad_entries_is_on_time(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = template(step("only"))
    with system(agents=()):
        alone = seconds_of_a_project(name)
        put(*(FLOODS[kind]() for _ in range(FLOOD)))
        beside = seconds_of_a_project(name)
        buried = DeadLetter.objects.count()
    with capsys.disabled():
        print(f"\n{FLOOD} entries, {kind}: a project alone {alone:.2f} s, behind them {beside:.2f} s; {buried} buried")  # noqa: T201
    assert buried < FLOOD / 2  # a busy machine makes everything slow, and the project does not wait for the flood


def test_what_a_flood_left_waiting_is_tried_alone_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producers, "MOST_REFUSED_IN_WINDOW", 10)
    good, name = [request(template(step("only"))) for _ in range(3)], "nowhere"
    with system(agents=()):
        put(*(request(name) for _ in range(150)), *good)
        wait_until(lambda: DeadLetter.objects.count() == 150 and Project.objects.count() == 3, 60)
        wait_until(lambda: violations(dead_letters=150) == [], 20)
    assert set(DeadLetter.objects.values_list("error_class", flat=True)) == {"UnknownTemplate"}


def test_what_cannot_be_read_is_buried_by_the_validators_alone() -> None:
    put(b"not an event")
    run_to_rest("orchestrator", "clarifications")
    assert DeadLetter.objects.count() == 0
    run_to_rest("validators")
    assert DeadLetter.objects.get().group == "validators"


@pytest.mark.both
def test_a_batch_with_many_refused_takes_few_transactions_and_the_good_ones_are_done() -> None:
    name = template(step("only"))
    entries = as_entries(request("nowhere") if n % 2 else request(name) for n in range(128))
    with CaptureQueriesContext(connection) as seen:
        verdicts = OrchestratorConsumer().handle(entries)
    refused = [error for error in verdicts.values() if error]
    assert (Project.objects.count(), len(refused)) == (64, MOST_ALONE)
    assert MOST_ALONE <= transactions(seen) <= MOST_ALONE + 6


def test_a_producer_waits_for_the_rest_of_the_minute_in_which_too_many_were_refused() -> None:
    now = 1000.0
    lately = RefusedLately(clock=lambda: now)
    for _ in range(MOST_REFUSED_IN_WINDOW):
        assert not lately.has_to_wait("noisy")
        lately.note("noisy")
    assert (lately.has_to_wait("noisy"), lately.has_to_wait("neighbour")) == (True, False)
    now += WINDOW_SECONDS
    assert not lately.has_to_wait("noisy")


def hear() -> None:
    """Let the reader of the dead-letter stream take in what is there."""
    asyncio.run(serve_to_rest([server(stream_consumers(), DeadLettersConsumer.group, settings.DLQ_STREAM, 1)]))


def test_the_dead_letter_stream_is_trimmed_once_the_database_holds_what_others_put_there() -> None:
    for _ in range(3):
        streams.client().xadd(settings.DLQ_STREAM, {"dlq": b"{}"})
    assert trim_streams()[settings.DLQ_STREAM] == 0
    streams.ensure_group(settings.DLQ_STREAM, DeadLettersConsumer.group)
    streams.read_new(settings.DLQ_STREAM, DeadLettersConsumer.group, "dead-letters-1", count=2)
    assert trim_streams()[settings.DLQ_STREAM] == 0
    hear()
    put(b"not an event")
    run_to_rest()
    publish_dead_letters()
    hear()
    assert DeadLetter.objects.count() == 4
    assert trim_streams()[settings.DLQ_STREAM] == 3
    assert streams.length(settings.DLQ_STREAM) == 1
