"""Runs everything but the web and the agents in one process, as a small machine needs it."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from events.runner import relay_until, serve, streams_to_read, wait_for_broker
from pages.live import announce_changes_until
from runtime.background import Background
from runtime.commands import ServerCommand, at_least_one
from runtime.groups import CONSUMERS
from runtime.mails import notify_until
from runtime.management.commands.consume import servers_of
from runtime.pruning import prune_until
from webhooks.delivery import Deliverer


class Command(ServerCommand):
    help = "Run everything but the web and the agents in one process: consumer groups, relay, webhooks, mails, pruning."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--slot",
            type=at_least_one,
            default=1,
            help="number of this process among those that run the same; stable over restarts",
        )

        parser.add_argument(
            "--without",
            action="append",
            default=[],
            choices=list(CONSUMERS),
            metavar="GROUP",
            help="leave out this consumer group, which has a process of its own",
        )

    def roles_of(self, options: dict[str, Any]) -> Sequence[str]:
        """Return "core", and the roles of all that this process does."""
        return ["core", *(group for group in CONSUMERS if group not in options["without"]), *loops()]

    def handle(self, *args: Any, slot: int, without: list[str], **options: Any) -> None:
        wait_for_broker()
        groups = [group for group in CONSUMERS if group not in without]
        self.begin(f"Serving {', '.join(groups)}, relaying and delivering, slot {slot}")
        servers = servers_of(groups, slot, streams_to_read())
        with Background(loops()):
            serve(servers)


def loops() -> dict[str, Callable[[threading.Event], object]]:
    """Return the loops that run beside the consumer groups, by name; each ends when its event is set."""
    mails = {"notify": notify_until} if settings.SENDS_MAIL or settings.CHAT.is_on or settings.PUSH else {}
    beside = {"live": announce_changes_until, "deliver": deliver_until, "prune": prune_until}
    return {"relay": relay_until, **beside, **mails}


def deliver_until(stopping: threading.Event) -> None:
    """Send events to webhook endpoints until `stopping` is set."""
    Deliverer(stopping=stopping).run()
