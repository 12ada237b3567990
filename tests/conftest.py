"""What every test may ask for."""

from collections.abc import Iterator
from typing import Any

import api_figures
import pytest

from backlog.blueprints import definition_of
from events import streams


@pytest.fixture(autouse=True)
def forgotten_templates() -> None:
    """A key of a template row may come again once its test is over."""
    definition_of.cache_clear()


@pytest.fixture(autouse=True)
def reachable_broker() -> None:
    """What one test did to the broker is nothing to the next."""
    streams.outage.over()


@pytest.fixture
def broker() -> Iterator[None]:
    """An empty broker of this test's own."""
    streams.client().flushdb()
    yield
    streams.client().flushdb()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the figures of the generated requests, where there were any."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    if said := api_figures.line(report for report in reports if getattr(report, "when", "") == "call"):
        terminalreporter.write_line(said)
