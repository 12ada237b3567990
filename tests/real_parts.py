"""A pytest plugin: a database of the chosen kind and a broker, started before Django reads its settings."""

import gc
import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from environment.broker import broker_url
from runtime.embedded import EmbeddedValkey

STARTED = "INTERLOCK_TEST_SERVERS"
running = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "which database to test on; none: without any, and without a broker"
    parser.addoption("--database", choices=["sqlite", "postgres", "none"], default="sqlite", help=words)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start the servers once a run; the processes of a parallel run share them, apart by names and numbers."""
    gc.disable()  # until all is imported: there is no garbage in it, and to look through it takes 2 CPU seconds
    if STARTED not in os.environ:
        start_servers(early_config.known_args_namespace.database)
    keep_apart(os.environ.get("PYTEST_XDIST_WORKER", "main"))
    return (yield)


def start_servers(database: str) -> None:
    """Start the broker, and PostgreSQL if it is asked for; nothing for `none`. All end with this process.

    Servers that TEST_REDIS_URL and TEST_DATABASE_URL name are used in place of those that would be started.
    """
    from tests.servers import embedded_postgres

    folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="interlock-tests-")))
    os.environ[STARTED] = str(folder)
    os.environ["TEST_BROKER"] = broker_url(folder / "none")
    if database != "none":
        given = os.environ.get("TEST_REDIS_URL")
        os.environ["TEST_BROKER"] = given or running.enter_context(EmbeddedValkey(folder / "valkey")).url
    if database == "postgres":
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or running.enter_context(embedded_postgres())
    else:
        os.environ.pop("DATABASE_URL", None)


def keep_apart(worker: str) -> None:
    """A data folder and a broker database for this process alone."""
    folder = Path(os.environ[STARTED]) / worker
    folder.mkdir(exist_ok=True)
    number = int("".join(c for c in worker if c.isdigit()) or 15)
    os.environ["DATA_DIR"] = str(folder)
    os.environ["REDIS_URL"] = f"{os.environ['TEST_BROKER'].partition('?')[0]}?db={number % 16}"
    os.environ["LOG_LEVEL"] = "WARNING"


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Look for garbage from now on, but not among what was imported and collected, and less often than usual.

    Python looks after 700 new objects, which a page makes many times over: that took a twentieth of the CPU.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    running.close()
