"""What every test may ask for."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings
from psycopg.pq import TransactionStatus
from pytest_django import Settings
from whitenoise.middleware import WhiteNoiseMiddleware

from accounts import quotas
from backlog.blueprints import definition_of
from events import streams
from events.outage import outage
from runtime.embedded import EmbeddedValkey
from tests import api_figures
from tests.copying import use_copy
from tests.emptying import empty_database, read_first_rows
from tests.examples import examples
from tests.real_parts import STARTED

# How long an example takes depends on what else the machine does: time is measured in CPU seconds where it matters.
hypothesis_settings.register_profile("no deadline", deadline=None, max_examples=examples(100))
hypothesis_settings.load_profile("no deadline")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With one of these marks only files that name it are imported: to import all takes each process 8 CPU seconds."""
    mark = config.option.markexpr
    if mark not in ("spine", "both") or collection_path.suffix != ".py":
        return None
    return f"mark.{mark}" not in collection_path.read_text() or None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Close a connection that takes no statement any more: its test was ended at its time, in the middle of one."""
    made = connection.connection
    if connection.vendor == "postgresql" and made and made.info.transaction_status == TransactionStatus.ACTIVE:
        connection.close()


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Each client of a test makes the middlewares anew, whose search for static files took a tenth of the time."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def find_once(middleware: WhiteNoiseMiddleware) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


@pytest.fixture(autouse=True)
def forgotten_templates() -> None:
    """A key of a template row may come again once its test is over."""
    definition_of.cache_clear()


@pytest.fixture(autouse=True)
def known_quotas(monkeypatch: pytest.MonkeyPatch) -> None:
    """No organisation has a quota when a test begins, and none is looked for until the test sets one."""
    monkeypatch.setattr(quotas, "known", quotas.KnownLimits(read_until=math.inf))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """The process's database, which is emptied after every test that commits in a way of our own."""
    with django_db_blocker.unblock():
        use_copy(Path(os.environ[STARTED]), os.environ.get("PYTEST_XDIST_WORKER", "main"))
        read_first_rows()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_database)
        yield


@pytest.fixture(autouse=True)
def reachable_broker() -> None:
    """What one test did to the broker is nothing to the next."""
    outage.note_answer()


@pytest.fixture
def broker() -> Iterator[None]:
    """An empty broker of this test's own."""
    streams.client().flushdb()
    yield
    streams.client().flushdb()


@pytest.fixture
def own_broker(tmp_path: Path, settings: Settings) -> Iterator[EmbeddedValkey]:
    """A broker for this test alone, which the test may freeze or kill."""
    with EmbeddedValkey(tmp_path / "valkey") as server:
        settings.REDIS_URL = server.url
        streams.client.cache_clear()
        yield server
    streams.client.cache_clear()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell the figures of the generated requests, where there were any."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    if said := api_figures.line(report for report in reports if getattr(report, "when", "") == "call"):
        terminalreporter.write_line(said)
