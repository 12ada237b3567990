"""A look at what Interlock needs is bounded, costs little however often it is asked for, and hides no neighbour."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import OperationalError

from health import watch
from health.watch import Check, Finding, Source, Watch


@contextmanager
def at_hand() -> Iterator[None]:
    """A source that is there."""
    yield


def well(_source: object) -> Finding:
    return Finding(True)


def away(_source: object) -> Finding:
    raise OperationalError("no route to host\nDETAIL: …")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until this is set, a source hangs; looks are short."""
    monkeypatch.setattr(watch, "LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(watch, "FRESH_SECONDS", 0.0)
    event = threading.Event()
    yield event
    event.set()


def hanging(held: threading.Event) -> Source:
    """A source whose second check hangs."""

    def hang(_source: object) -> Finding:
        held.wait()
        return Finding(True)

    return Source("database", [Check("first", well), Check("second", hang), Check("third", well)], connect=at_hand)


def test_what_hangs_is_told_after_its_time_and_costs_its_neighbours_nothing(held: threading.Event) -> None:
    look = Watch([hanging(held), Source("disk", [Check("disk", well)], connect=at_hand)]).look
    begun = time.monotonic()
    report = look()
    assert time.monotonic() - begun < 2
    assert {name: one.ok for name, one in report.findings.items()} == {
        "first": True,
        "second": False,
        "third": None,
        "disk": True,
    }
    assert "has not answered this" in report.findings["second"].says
    assert report.status == "warns"


def test_a_source_that_hangs_gets_no_second_thread_and_is_waited_for_once(held: threading.Event) -> None:
    look, before = Watch([hanging(held)]).look, threading.active_count()
    look()
    begun = time.monotonic()
    for _ in range(50):
        assert look().findings["second"].ok is False
    assert time.monotonic() - begun < 0.2
    assert threading.active_count() <= before + 1
    held.set()
    time.sleep(0.05)
    assert look().status == "ok"


def test_a_flood_of_probes_is_one_look() -> None:
    looks: list[float] = []

    def count(_source: object) -> Finding:
        looks.append(time.monotonic())
        time.sleep(0.05)
        return Finding(True)

    look = Watch([Source("database", [Check("database", count)], connect=at_hand)]).look
    with ThreadPoolExecutor(20) as pool:
        assert {report.status for report in pool.map(lambda _: look(), range(500))} == {"ok"}
    assert len(looks) <= 1 + time.monotonic() - looks[0]


def test_a_source_that_is_away_is_told_once_and_what_it_would_have_said_is_not_known() -> None:
    source = Source("database", [Check("database", away, blocks=True), Check("outbox", well)], connect=at_hand)
    report = Watch([source]).look()
    assert {name: one.ok for name, one in report.findings.items()} == {"database": False, "outbox": None}
    assert report.status == "not ready"
    assert report.as_data(detailed=False)["checks"] == {"database": {"ok": False}, "outbox": {"ok": None}}


def test_a_later_check_that_cannot_be_made_is_not_known_and_the_next_one_is_made() -> None:
    checks = [Check("database", well, blocks=True), Check("outbox", away), Check("dead-letters", well)]
    report = Watch([Source("database", checks, connect=at_hand)]).look()
    assert [one.ok for one in report.findings.values()] == [True, None, True]
    assert report.findings["outbox"].says == "Not known: no route to host."
    assert report.status == "ok"


def test_a_fault_of_ours_is_logged_and_is_no_silence(caplog: pytest.LogCaptureFixture) -> None:
    def wrong(_source: object) -> Finding:
        raise ZeroDivisionError("ours")

    report = Watch([Source("disk", [Check("disk", wrong)], connect=at_hand)]).look()
    assert report.findings["disk"] == Finding(False, "ours")
    assert "could not be examined" in caplog.text
