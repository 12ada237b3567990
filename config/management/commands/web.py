"""Run the web: pages, REST interface and live feed."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.supervisor import Child, Supervisor, stop_on_signals
from config.system import command
from config.web import listening, serve


class Command(BaseCommand):
    help = "Serve pages, REST interface and live feed until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", default="127.0.0.1:8000", metavar="HOST:PORT", help="where to listen")
        parser.add_argument("--processes", type=int, default=1, help="how many serve, about one a core")
        parser.add_argument("--shared", action="store_true", help="let other processes listen at the address too")

    def handle(self, *args: Any, at: str, processes: int, shared: bool, **options: Any) -> None:
        try:
            if processes > 1:
                listening(at, shared=True).close()  # what is wrong with the address is said here, and once
                each = command("web", "--at", at, "--shared")
                run([Child(f"web-{number}", each) for number in range(1, processes + 1)])
            else:
                self.stderr.write(f"Serving at http://{at}/")
                serve("config.asgi:application", address=at, shared=shared)
        except (OSError, ValueError) as error:
            raise CommandError(f"Cannot listen at {at}, which has to be HOST:PORT: {error}") from error


def run(children: list[Child]) -> None:
    """Keep the processes running until a signal ends them all."""
    stop = threading.Event()
    stop_on_signals(stop)
    with Supervisor(children) as supervisor:
        supervisor.run_until(stop)
