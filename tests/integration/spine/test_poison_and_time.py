"""Poison of every kind beside good requests: all good ones are done, each bad one is buried once, with its own bytes.

`BESIDE_POISON=500` asks for the full profile, which also holds the time: the 99th of a hundred good requests takes at
most twice as long as without poison. The short one prints it.
"""

import os
import time
from itertools import count
from typing import Any

import orjson
import pytest
from django.db.models import F

from backlog.flow import opening
from backlog.models import Project
from events.models import DeadLetter
from tests.chaos.messages import poisonous
from tests.flows import put, request
from tests.invariants import violations
from tests.system import system
from tests.waiting import wait_until

pytestmark = [pytest.mark.spine, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

GOOD = int(os.environ.get("BESIDE_POISON", "0"))
SHORT, RATE = 60, 25.0
RAISES = "This request makes its handler raise."
MOST_TIMES = 2.0
FAULTS: list[type[BaseException]] = [RuntimeError, MemoryError, RecursionError, KeyError]


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The handler of requests writes, and then raises an error of another kind each time, when the text says so."""
    settings.RETRY_DELAY_SECONDS, settings.MAX_ATTEMPTS = 0.1, 3
    real, errors = opening.open_project, count()

    def open_project(work: Any, *, request: dict[str, Any], **more: Any) -> Project:
        project = real(work, request=request, **more)
        if request["request_text"] == RAISES:
            raise FAULTS[next(errors) % len(FAULTS)]("poison")
        return project

    monkeypatch.setattr(opening, "open_project", open_project)


def every_kind() -> list[bytes]:
    """Return an entry of each kind of poison."""
    large = orjson.dumps(request(request_text="x" * 10_000_000))
    return [*poisonous(), large, orjson.dumps(request(request_text=RAISES))]


def slowest_of_a_hundred(good: list[dict[str, Any]], poison: list[bytes]) -> float:
    """Put good requests at the rate, the poison among them; return the 99th percentile of their seconds."""
    every = max(1, len(good) // (len(poison) or len(good)))
    bad = iter(poison)
    for number, event in enumerate(good):
        put(event, *([found] if number % every == 0 and (found := next(bad, None)) is not None else []))
        time.sleep(1 / RATE)
    put(*bad)
    ids = {event["payload"]["project_id"] for event in good}
    done = Project.objects.filter(pk__in=ids, status="DONE")
    wait_until(lambda: done.count() == len(ids), 60)
    taken = sorted(done.annotate(taken=F("finished_at") - F("opened_at")).values_list("taken", flat=True))
    return float(taken[int(0.99 * (len(taken) - 1))].total_seconds())


def test_poison_of_every_kind_costs_the_good_ones_nothing(
    broker: None, raising: None, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = every_kind()
    with system():
        alone = slowest_of_a_hundred([request() for _ in range(GOOD or SHORT)], [])
        beside = slowest_of_a_hundred([request() for _ in range(GOOD or SHORT)], kinds)
        wait_until(lambda: DeadLetter.objects.count() == len(kinds), 30)
        wait_until(lambda: not violations(dead_letters=len(kinds)), 20)
    assert sorted(letter.fields[b"event"] for letter in DeadLetter.objects.all()) == sorted(kinds)
    with capsys.disabled():
        print(f"\np99 of {GOOD or SHORT}: {alone:.3f} s alone, {beside:.3f} s beside {len(kinds)} kinds of poison")  # noqa: T201
    assert not GOOD or beside <= MOST_TIMES * alone
