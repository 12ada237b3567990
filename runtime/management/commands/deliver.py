"""Sends events to webhook endpoints over HTTP."""

from argparse import ArgumentParser
from typing import Any

from runtime.commands import ServerCommand
from runtime.supervisor import stop_on_signals
from webhooks.delivery import Deliverer


class Command(ServerCommand):
    roles = ("deliver",)
    help = "Send events to the registered webhooks, in order, and again until each has accepted them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then exit")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        deliverer = Deliverer()
        if once:
            self.stdout.write(f"{deliverer.once()} turns")
            return
        self.begin("Delivering webhooks")
        stop_on_signals(deliverer.stopping)
        deliverer.run()
