"""What every test may ask for."""

from collections.abc import Iterator

import pytest

from backlog.blueprints import definition_of
from events import streams


@pytest.fixture(autouse=True)
def forgotten_templates() -> None:
    """A key of a template row may come again once its test is over."""
    definition_of.cache_clear()


@pytest.fixture
def broker() -> Iterator[None]:
    """An empty broker of this test's own."""
    streams.client().flushdb()
    yield
    streams.client().flushdb()
