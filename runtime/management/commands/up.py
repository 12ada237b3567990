"""Starts all processes of the system and stops them together."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from events.runner import log_broker_warnings
from runtime.supervisor import Supervisor, stop_on_signals
from runtime.system import (
    FEW_CORES,
    is_small_machine,
    lock_data_folder,
    require_agents,
    running_broker,
    system_processes,
)
from runtime.web import AddressUnusable, is_served, listening_socket

INSTEAD = 'make up ARGS="--web {}"'
# Deaths of the web process before its first page after which everything is stopped.
MOST_DEATHS = 3


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

    def handle(self, *args: Any, web: str | None, excepted: list[str], separate: bool, **options: Any) -> None:
        stop = threading.Event()
        stop_on_signals(stop)
        require_agents(excepted)
        with lock_data_folder():
            require_free(web)
            call_command("migrate", verbosity=0)
            with running_broker() as server:
                log_broker_warnings()
                separate = separate or not is_small_machine()
                with Supervisor(system_processes(web=web, excepted=excepted, separate=separate)) as supervisor:
                    opening = Opening(supervisor, web, self.say)
                    turns = [opening.look, *([server.ensure_running] if server else [])]
                    supervisor.run_until(stop, each_turn=lambda: [turn() for turn in turns])
        self.stdout.write("Interlock is down")

    def say(self, text: str) -> None:
        """Print the line at once, also where the output is a file or a pipe."""
        self.stdout.write(text)
        self.stdout.flush()


def require_free(web: str | None) -> None:
    """Raise CommandError unless the web can listen at the address."""
    try:
        if web:
            listening_socket(web, instead=INSTEAD).close()
    except AddressUnusable as error:
        raise CommandError(str(error)) from error


class Opening:
    """Prints once that the system is up: when its pages answer, or at once where there are none."""

    def __init__(self, supervisor: Supervisor, web: str | None, say: Callable[[str], object]) -> None:
        self.supervisor, self.web, self.say, self.is_announced = supervisor, web, say, False

    def look(self) -> None:
        """Print the line if the system is up.

        Raises CommandError if the web ends MOST_DEATHS times before its first page.
        """
        if self.is_announced:
            return
        if self.web is None or (self.supervisor.pids.get("web") and is_served(self.web)):
            where = f" at http://{self.web}/ (staff: /admin/)" if self.web else ""
            self.say(f"Interlock is up{where}; data in {Path(settings.DATA_DIR)}")
            self.is_announced = True
        elif self.supervisor.deaths["web"] >= MOST_DEATHS:
            raise CommandError(
                "The web process does not start; the lines that begin with “web” say why. Everything was stopped."
            )
