"""The whole system as a list of processes: broker, consumers, relay, webhooks, mails, workers and web."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from runtime.embedded import EmbeddedValkey, Reach, lock_folder
from runtime.supervisor import Child
from workers.agents import AGENTS

# Worker processes of a system with separate roles. They share the work by their consumer groups.
SEPARATE_WORKERS = 2
# On machines with at most this number of cores the light roles share one process.
FEW_CORES = 4


def manage_command(*arguments: str) -> list[str]:
    """Return the command line that runs a command of Interlock in a process of its own, in any current folder."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def command_without_pages(name: str, *arguments: str) -> list[str]:
    """Return the command line of a process that serves no pages.

    It skips the checks: who starts it has done them.
    """
    return manage_command(name, "--skip-checks", *arguments)


def system_processes(
    *, web: str | None, excepted: Sequence[str] = (), separate: bool = False, each: int = 0
) -> list[Child]:
    """Return every process of the system.

    `web` is HOST:PORT, or None without the web; `excepted` are agents to leave out. With `separate` each role has a
    process of its own, and there are two for the agents; otherwise the light roles share one. `each` is the number of
    orchestrators and of processes for the agents, which have most work; 0 for the usual number.
    """
    roles = [*(separate_roles() if separate else shared_roles()), *more_orchestrators(each)]
    without = [argument for name in excepted for argument in ("--except", name)]
    workers = [
        Child(f"workers-{slot}", command_without_pages("work", "--all", *without, "--slot", str(slot)))
        for slot in range(1, 1 + (each or (SEPARATE_WORKERS if separate else 1)))
    ]
    pages = [Child("web", manage_command("web", "--at", web))] if web else []
    return [*roles, *workers, *pages]


def shared_roles() -> list[Child]:
    """Return one process for all groups and loops; with two cores and more, another for the group with most work.

    One process of Python uses one core: the orchestrator alone can fill it.
    """
    if (os.cpu_count() or 1) == 1:
        return [Child("core", command_without_pages("core"))]
    orchestrator = Child("orchestrator", command_without_pages("consume", "orchestrator"))
    return [orchestrator, Child("core", command_without_pages("core", "--without", "orchestrator"))]


def separate_roles() -> list[Child]:
    """Return a process for each consumer group and each loop."""
    mails = ["notify"] if settings.SENDS_MAIL or settings.CHAT.is_on or settings.PUSH else []
    groups = [Child(group, command_without_pages("consume", group)) for group in GROUPS]
    return [*groups, *(Child(name, command_without_pages(name)) for name in ("relay", "deliver", *mails))]


def more_orchestrators(each: int) -> list[Child]:
    """Return the orchestrators beyond the first: their group shares its entries among all of them."""
    command = ("consume", "orchestrator", "--slot")
    return [Child(f"orchestrator-{slot}", command_without_pages(*command, str(slot))) for slot in range(2, each + 1)]


def with_ports(children: Sequence[Child]) -> list[Child]:
    """Return the children, each with a port of its own for its metrics, counted on from METRICS_PORT, if that is set.

    A process that serves the web shows them at `/metrics`, and needs no port.
    """
    if not (first := settings.METRICS.port):
        return list(children)
    ports = {child.name: first + number if child.name != "web" else 0 for number, child in enumerate(children)}
    return [replace(child, env={**child.env, "METRICS_PORT": str(ports[child.name])}) for child in children]


def is_small_machine() -> bool:
    """Return True if the machine has so few cores that processes of their own would only take memory."""
    return (os.cpu_count() or 1) <= FEW_CORES


GROUPS = ("orchestrator", "clarifications", "validators")


@contextmanager
def running_broker() -> Iterator[None]:
    """Run the embedded broker inside the block; do nothing if REDIS_URL names another broker."""
    with EmbeddedValkey(broker_folder(), broker_reach()) if settings.EMBEDDED_BROKER else nullcontext():
        yield


def broker_folder() -> Path:
    """Return the data folder of the embedded broker."""
    return Path(settings.DATA_DIR) / "valkey"


def broker_reach() -> Reach:
    """Return who can reach the embedded broker. Raises EmbeddedServerError for settings that contradict each other."""
    return Reach(settings.EMBEDDED_BROKER_PORT, settings.EMBEDDED_BROKER_BIND, settings.EMBEDDED_BROKER_PASSWORD)


@contextmanager
def lock_data_folder() -> Iterator[int]:
    """Lock the data folder inside the block, and yield the descriptor: two systems would read as the same consumers.

    Raises EmbeddedServerError.
    """
    lock = lock_folder(Path(settings.DATA_DIR) / "up.lock")
    try:
        yield lock
    finally:
        os.close(lock)


def require_agents(names: Iterable[str]) -> None:
    """Raise CommandError if one of the names is not the name of an agent."""
    if unknown := sorted(set(names) - set(AGENTS)):
        raise CommandError(f"No agent is called {', '.join(unknown)}. There are: {', '.join(sorted(AGENTS))}.")
