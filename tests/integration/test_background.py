"""Loops beside the main work of a process: one that fails costs no other."""

import threading

import pytest

from runtime import background
from runtime.background import Background


def test_a_loop_that_fails_is_started_again_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.01)
    begun: list[str] = []
    recovered, other = threading.Event(), threading.Event()

    def breaks_twice(stopping: threading.Event) -> None:
        begun.append("again")
        if len(begun) < 3:
            raise ValueError("no such row")
        recovered.set()
        stopping.wait()

    def goes_on(stopping: threading.Event) -> None:
        begun_once.append("once")
        other.set()
        stopping.wait()

    begun_once: list[str] = []
    with Background({"breaks": breaks_twice, "goes on": goes_on}):
        assert recovered.wait(10)
        assert other.wait(10)
    assert (len(begun), begun_once) == (3, ["once"])
    assert "breaks failed" in caplog.text
