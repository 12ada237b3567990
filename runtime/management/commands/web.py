"""Runs the web: pages, REST interface and live feed."""

import os
import threading
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events.deletion import beside_requests
from events.outbox import owner_of
from runtime.addresses import AddressUnusable, listening_socket
from runtime.commands import ServerCommand, at_least_one
from runtime.exposition import leave_out_own
from runtime.supervisor import Child, Supervisor, stop_on_signals
from runtime.system import manage_command, with_ports
from runtime.web import serve
from runtime.web_connections import adapt_connections

INSTEAD = f"{settings.COMMAND} web --at {{}}"


class Command(ServerCommand):
    roles = ("web",)
    help = "Serve pages, REST interface and live feed until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", default="127.0.0.1:8000", metavar="HOST:PORT", help="address to listen at")
        parser.add_argument(
            "--processes", type=at_least_one, default=1, help="number of processes, about one for each core"
        )
        parser.add_argument("--shared", action="store_true", help="let other processes listen at the address too")

    def roles_of(self, options: dict[str, Any]) -> Sequence[str]:
        """Return the role of the web; none where processes of their own serve it."""
        return self.roles if options["processes"] == 1 else ()

    def handle(self, *args: Any, at: str, processes: int, shared: bool, **options: Any) -> None:
        try:
            listening_socket(at, instead=INSTEAD, shared=shared or processes > 1).close()
            if processes > 1:
                each = manage_command("web", "--at", at, "--shared")
                run(with_ports([Child(f"web-{number}", each) for number in range(1, processes + 1)]))
            else:
                self.begin(f"Serving at http://{at}/")
                if shared:
                    leave_out_own()
                adapt_connections()
                with beside_requests(owner_of(os.getpid())):
                    serve("config.asgi:application", address=at, instead=INSTEAD, shared=shared)
        except AddressUnusable as error:
            raise CommandError(str(error)) from error


def run(children: list[Child]) -> None:
    """Keep these processes running until a signal ends all of them."""
    stop = threading.Event()
    stop_on_signals(stop)
    with Supervisor(children, form=settings.LOGS.format) as supervisor:
        supervisor.run_until(stop)
