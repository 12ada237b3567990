"""A pytest plugin for tests with faults: short waits, a tally, and one line a test at the end of the run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.tally import FLOWS, Tally


@pytest.fixture
def haste(settings: Any) -> None:
    """Waits so short that a test can wait for them, and small batches; the processes it starts have them too.

    Each step of all flows takes several batches, so that a process which is to die at its second one has a second one.
    """
    settings.BATCH_SIZE = FLOWS // 4
    settings.RELAY_GRACE_SECONDS = settings.ITEM_RETRY_SECONDS = 0.2
    settings.RECLAIM_IDLE_SECONDS = settings.REPUBLISH_SECONDS = 1.0


@pytest.fixture
def tally(broker: None, transactional_db: None, record_property: Callable[[str, str], None]) -> Iterator[Tally]:
    """An empty tally; its figures are kept with the test's result."""
    counted = Tally()
    yield counted
    record_property("tally", counted.line())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line a test that counted."""
    reports = [r for kind in terminalreporter.stats.values() for r in kind if isinstance(r, pytest.TestReport)]
    lines = {r.nodeid.rpartition("/")[2]: line for r in reports for name, line in r.user_properties if name == "tally"}
    if lines:
        terminalreporter.section("faults injected")
    for name, line in lines.items():
        terminalreporter.write_line(f"{name}\n    {line}")
