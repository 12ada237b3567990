"""Starts all processes of the system and stops them together.

This process checks and migrates, which needs Django, and then becomes the keeper (`runtime/keeper.py`), which does not.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from events.runner import log_broker_warnings
from runtime.addresses import AddressUnusable, listening_socket
from runtime.commands import at_least_one, warn_of_unknown_names
from runtime.embedded import server_program
from runtime.keeper import EmbeddedBroker, Plan, become_keeper
from runtime.supervisor import hold_signals
from runtime.system import (
    FEW_CORES,
    broker_folder,
    broker_reach,
    is_small_machine,
    lock_data_folder,
    require_agents,
    system_processes,
    with_ports,
)

INSTEAD = f"{settings.COMMAND} up --web {{}}"


class Command(BaseCommand):
    help = "Start all processes of the system; stop them all on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--web", default="127.0.0.1:8000", metavar="HOST:PORT", help="address of the web pages")
        parser.add_argument(
            "--no-web", action="store_const", const=None, dest="web", help="run everything except the web"
        )
        parser.add_argument(
            "--except",
            action="append",
            default=[],
            metavar="AGENT",
            dest="excepted",
            help="do not run this agent",
        )
        parser.add_argument(
            "--separate",
            action="store_true",
            help=f"a process of its own for each role; without this only on machines with more than {FEW_CORES} cores",
        )

        parser.add_argument(
            "--each",
            type=at_least_one,
            default=0,
            metavar="N",
            help="run so many orchestrators and so many processes for the agents; with SQLite they wait for each other",
        )

    def handle(
        self, *args: Any, web: str | None, excepted: list[str], separate: bool, each: int, **options: Any
    ) -> NoReturn:
        hold_signals()
        require_agents(excepted)
        warn_of_unknown_names()
        with lock_data_folder() as lock:
            require_free(web)
            call_command("migrate", verbosity=0)
            broker = embedded_broker()
            if not broker:  # the embedded one is as we configure it
                log_broker_warnings()
            connections.close_all()
            separate = separate or not is_small_machine()
            children = with_ports(system_processes(web=web, excepted=excepted, separate=separate, each=each))
            become_keeper(
                Plan(
                    children=children,
                    broker=broker,
                    web=web,
                    host_name=accepted_host_name(settings.ALLOWED_HOSTS),
                    data_dir=str(settings.DATA_DIR),
                    lock=lock,
                    log_form=settings.LOGS.format,
                    log_level=settings.LOGS.level,
                    traceback=options["traceback"],
                )
            )


def require_free(web: str | None) -> None:
    """Raise CommandError unless the web can listen at the address."""
    try:
        if web:
            listening_socket(web, instead=INSTEAD).close()
    except AddressUnusable as error:
        raise CommandError(str(error)) from error


def embedded_broker() -> EmbeddedBroker | None:
    """Return the embedded broker to run, or None if REDIS_URL names another broker. Raises EmbeddedServerError."""
    if not settings.EMBEDDED_BROKER:
        return None
    return EmbeddedBroker(str(broker_folder()), server_program(), broker_reach())


def accepted_host_name(allowed: Sequence[str]) -> str:
    """Return a host name under which the web answers."""
    return next((name for name in allowed if name != "*"), "localhost").lstrip(".")
