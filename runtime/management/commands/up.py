"""Start everything and stop it cleanly."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from events.runner import announce_broker
from runtime.supervisor import Supervisor, stop_on_signals
from runtime.system import broker, children, only_system_here, require_agents
from runtime.web import AddressUnusable, answers, listening

INSTEAD = 'make up ARGS="--web {}"'
# Ends of the web's process before its first page, after which it is not started again.
MOST_DEATHS = 3


class Command(BaseCommand):
    help = "Start broker, web, consumers, relay and workers; stop them all on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--web", default="127.0.0.1:8000", metavar="HOST:PORT", help="where the web listens")
        parser.add_argument("--no-web", action="store_const", const=None, dest="web", help="leave the web out")
        parser.add_argument(
            "--except", action="append", default=[], metavar="AGENT", dest="excepted", help="leave its work to others"
        )

    def handle(self, *args: Any, web: str | None, excepted: list[str], **options: Any) -> None:
        stop = threading.Event()
        stop_on_signals(stop)
        require_agents(excepted)
        with only_system_here():
            require_free(web)
            call_command("migrate", verbosity=0)
            with broker() as server:
                announce_broker()
                with Supervisor(children(web=web, excepted=excepted)) as supervisor:
                    opening = Opening(supervisor, web, self.say)
                    turns = [opening.look, *([server.ensure_running] if server else [])]
                    supervisor.run_until(stop, each_turn=lambda: [turn() for turn in turns])
        self.stdout.write("Interlock is down")

    def say(self, text: str) -> None:
        """Print the line now, also where the output is a file or a pipe."""
        self.stdout.write(text)
        self.stdout.flush()


def require_free(web: str | None) -> None:
    """Raise CommandError unless the web can listen there."""
    try:
        if web:
            listening(web, instead=INSTEAD).close()
    except AddressUnusable as error:
        raise CommandError(str(error)) from error


class Opening:
    """Says once that the system is up: when its pages answer, or at once where there are none."""

    def __init__(self, supervisor: Supervisor, web: str | None, say: Callable[[str], object]) -> None:
        self.supervisor, self.web, self.say, self.said = supervisor, web, say, False

    def look(self) -> None:
        """Say it if it is so. Raises CommandError when the web ends again and again before its first page."""
        if self.said:
            return
        if self.web is None or (self.supervisor.pids.get("web") and answers(self.web)):
            where = f" at http://{self.web}/ (staff: /admin/)" if self.web else ""
            self.say(f"Interlock is up{where}; data in {Path(settings.DATA_DIR)}")
            self.said = True
        elif self.supervisor.deaths["web"] >= MOST_DEATHS:
            raise CommandError("The web does not start; the lines that begin with “web” say why. All is stopped.")
