"""The whole system as a list of processes: broker, consumers, relay, webhooks, mails, workers and web."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from runtime.embedded import EmbeddedValkey, Reach, lock_folder
from runtime.supervisor import Child
from workers.agents import AGENTS

# Worker processes: one per core of a small machine. They share the work by their consumer groups.
WORKERS = 2


def manage_command(name: str, *arguments: str) -> list[str]:
    """Return the command line that runs a manage.py command in a process of its own."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), name, *arguments]


def system_processes(*, web: str | None, excepted: list[str], env: dict[str, str] | None = None) -> list[Child]:
    """Return every process of the system.

    `web` is HOST:PORT, or None without the web; `excepted` are agents to leave out.
    """
    consumers = [Child(group, manage_command("consume", group), env or {}) for group in GROUPS]
    without = [argument for name in excepted for argument in ("--except", name)]
    workers = [
        Child(f"workers-{slot}", manage_command("work", "--all", *without, "--slot", str(slot)), env or {})
        for slot in range(1, WORKERS + 1)
    ]
    mails = ["notify"] if settings.SENDS_MAIL else []
    loops = [Child(name, manage_command(name), env or {}) for name in ("relay", "deliver", *mails)]
    pages = [Child("web", manage_command("web", "--at", web), env or {})] if web else []
    return [*consumers, *loops, *workers, *pages]


GROUPS = ("orchestrator", "clarifications", "validators")


@contextmanager
def running_broker() -> Iterator[EmbeddedValkey | None]:
    """Run the embedded broker inside the block and yield it; yield None if REDIS_URL names another broker."""
    if not settings.EMBEDDED_BROKER:
        yield None
        return
    reach = Reach(settings.EMBEDDED_BROKER_PORT, settings.EMBEDDED_BROKER_BIND, settings.EMBEDDED_BROKER_PASSWORD)
    with EmbeddedValkey(Path(settings.DATA_DIR) / "valkey", reach) as server:
        yield server


@contextmanager
def lock_data_folder() -> Iterator[None]:
    """Lock the data folder inside the block: two systems would read as the same consumers.

    Raises EmbeddedServerError.
    """
    lock = lock_folder(Path(settings.DATA_DIR) / "up.lock")
    try:
        yield
    finally:
        os.close(lock)


def require_agents(names: Iterable[str]) -> None:
    """Raise CommandError if one of the names is not the name of an agent."""
    if unknown := sorted(set(names) - set(AGENTS)):
        raise CommandError(f"No agent is called {', '.join(unknown)}. There are: {', '.join(sorted(AGENTS))}.")
