"""A bad entry costs the good ones around it next to nothing, in time and in statements."""

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from backlog.consumers import OrchestratorConsumer
from backlog.flow import opening
from backlog.models import Project
from events import deadletters, streams
from events.errors import InvalidEvent
from events.models import Attempt, DeadLetter
from events.streams import Entry
from tests.flows import as_entries, opened, put, request, step, template
from tests.system import group_server, run_to_rest, transactions

pytestmark = [
    pytest.mark.spine,
    pytest.mark.both,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("broker"),
]


POISON = "This request has no title."


def seconds(events: list[Any]) -> float:
    """How long the orchestrator takes for these."""
    put(*events)
    begun = time.monotonic()
    run_to_rest("orchestrator")
    return time.monotonic() - begun


def test_five_bad_ones_among_500_cost_the_good_ones_little(capsys: pytest.CaptureFixture[str]) -> None:
    name = template(step("only"))
    seconds([request(name)])
    good = seconds([request(name) for _ in range(500)])
    mixed = [request("nowhere") if n % 100 == 50 else request(name) for n in range(505)]
    bad = seconds(mixed)
    assert Project.objects.count() == 1 + 500 + 500
    assert DeadLetter.objects.count() == 5
    with capsys.disabled():
        print(f"\n500 entries: {good:.2f} s; with 5 bad ones {bad:.2f} s, {bad / good:.2f} times")  # noqa: T201


def test_one_bad_entry_in_a_batch_takes_no_transaction_for_each_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    name = template(step("only"))
    monkeypatch.setattr(opening, "title_from_request", no_title_for_poison)
    entries = as_entries(request(name, request_text=POISON if n == 77 else "Look.") for n in range(128))
    with CaptureQueriesContext(connection) as seen:
        verdicts = OrchestratorConsumer().handle(entries)
    assert [entry_id for entry_id, error in verdicts.items() if error] == ["77-0"]
    assert Project.objects.count() == 127
    assert 8 <= transactions(seen) <= 2 * 8 + 4


def no_title_for_poison(text: str) -> str:
    """A title, or a fault that nobody foresaw."""
    if text == POISON:
        raise RuntimeError("poison")
    return text


def test_many_are_buried_in_as_many_statements_as_one() -> None:
    counts = []
    for number in (1, 300):
        entries = [Entry("audit:events", f"{number}-{n}", {b"event": b"x"}) for n in range(number)]
        with CaptureQueriesContext(connection) as seen:
            deadletters.bury_all([(entry, InvalidEvent("Not an event.")) for entry in entries], "orchestrator")
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 8  # a database that takes few parameters gets them in a few pieces
    assert DeadLetter.objects.count() == 301


def test_entries_that_are_put_off_do_not_hide_those_behind_them(settings: Settings) -> None:
    opened()
    settings.BATCH_SIZE = 3
    put(*(request(f"later-{n}") for n in range(10)))
    server = group_server("orchestrator")
    given = streams.read_new(server.stream, server.group, server.consumer, count=10)
    for entry in given[:9]:
        deadletters.record_attempt(entry, server.group, ValueError("later"))
    Attempt.objects.update(next_attempt_at="2099-01-01T00:00:00Z")
    assert [p.entry_id for p in server.due_again()] == [given[9].entry_id]
