"""What every test may ask for."""

from collections.abc import Iterator

import pytest

from events import streams


@pytest.fixture
def broker() -> Iterator[None]:
    """An empty broker of this test's own."""
    streams.client().flushdb()
    yield
    streams.client().flushdb()
