"""The tests use the servers that the environment names, and start none beside them."""

import os
from contextlib import ExitStack

import pytest

from tests import real_parts

GIVEN = {"TEST_DATABASE_URL": "postgresql://me@db:5432/x", "TEST_REDIS_URL": "redis://broker:6379/0"}


@pytest.fixture
def nothing_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment and a list of started servers of this test alone."""
    monkeypatch.setattr(os, "environ", {**os.environ, **GIVEN})
    monkeypatch.setattr(real_parts, "running", ExitStack())


@pytest.mark.usefixtures("nothing_started")
def test_named_servers_are_used_in_place_of_our_own() -> None:
    with real_parts.running:
        real_parts.start_servers("postgres")
        real_parts.keep_apart("gw3")
        assert os.environ["DATABASE_URL"] == GIVEN["TEST_DATABASE_URL"]
        assert os.environ["REDIS_URL"] == "redis://broker:6379/0?db=3"


@pytest.mark.usefixtures("nothing_started")
def test_a_run_without_servers_uses_none_though_they_are_named() -> None:
    with real_parts.running:
        real_parts.start_servers("none")
        assert "DATABASE_URL" not in os.environ
        assert os.environ["TEST_BROKER"].startswith("unix:")
