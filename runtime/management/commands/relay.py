"""Runs the relay: publishes what dead processes left behind, tells pages which projects changed, prunes old things."""

import threading
from argparse import ArgumentParser
from typing import Any

from events.lost_dispatches import LostDispatches
from events.outbox import Inheritance
from events.runner import log_broker_warnings, relay_until, wait_for_broker
from pages.live import announce_changes_until
from runtime.background import Background
from runtime.commands import ServerCommand
from runtime.pruning import prune_until
from runtime.supervisor import stop_on_signals


class Command(ServerCommand):
    roles = ("relay",)
    help = "Publish what is not published yet, repeat lost dispatches, trim the streams, update open pages, prune."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="publish what is due now, then exit")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            log_broker_warnings()
            published, repeated = Inheritance().publish_left_behind(), LostDispatches().publish_lost()
            self.stdout.write(f"{published} published, {repeated} repeated")
            return
        wait_for_broker()
        self.begin("Relaying")
        stop = threading.Event()
        stop_on_signals(stop)
        with Background({"live": announce_changes_until, "prune": prune_until}):
            relay_until(stop)
