"""Start everything and stop it cleanly."""

import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config.supervisor import Supervisor, stop_on_signals
from config.system import broker, children


class Command(BaseCommand):
    help = "Start broker, web, consumers, relay and workers; stop them all on SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--web", default="127.0.0.1:8000", metavar="HOST:PORT", help="where the web listens")
        parser.add_argument("--no-web", action="store_const", const=None, dest="web", help="leave the web out")
        parser.add_argument("--except", action="append", default=[], metavar="AGENT", dest="excepted")

    def handle(self, *args: Any, web: str | None, excepted: list[str], **options: Any) -> None:
        stop = threading.Event()
        stop_on_signals(stop)
        call_command("migrate", verbosity=0)
        with broker() as server, Supervisor(children(web=web, excepted=excepted)) as supervisor:
            self.stdout.write(
                f"Interlock is up{f' at http://{web}/admin/' if web else ''}; data in {Path(settings.DATA_DIR)}"
            )
            supervisor.run_until(stop, each_turn=server.ensure_running if server else None)
        self.stdout.write("Interlock is down")
