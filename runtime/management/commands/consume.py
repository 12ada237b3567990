"""Runs consumer groups: applies the events of the log, and the dead letters of other programs."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from events.bridge import StreamServer
from events.runner import serve, wait_for_broker
from runtime.commands import ServerCommand, at_least_one
from runtime.groups import CONSUMERS, stream_consumers


class Command(ServerCommand):
    help = "Run consumer groups (orchestrator, clarifications, validators) until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("groups", nargs="+", choices=sorted(CONSUMERS))
        parser.add_argument(
            "--slot",
            type=at_least_one,
            default=1,
            help="number of this process among those that run the same groups; stable over restarts",
        )

    def handle(self, *args: Any, groups: list[str], slot: int, **options: Any) -> None:
        wait_for_broker()
        self.stderr.write(f"Serving {', '.join(groups)} on {settings.STREAM_NAME}, slot {slot}")
        serve(servers_of(groups, slot))


def servers_of(groups: Sequence[str], slot: int) -> list[StreamServer]:
    """Return a server for each group, and with the orchestrator's one for the dead-letter stream."""
    application = stream_consumers()
    log = [server(application, group, settings.STREAM_NAME, slot) for group in groups]
    letters = [DeadLettersConsumer.group] if OrchestratorConsumer.group in groups else []
    return [*log, *(server(application, group, settings.DLQ_STREAM, slot) for group in letters)]


def server(application: Any, group: str, stream: str, slot: int) -> StreamServer:
    """Return the server of one consumer group of this stream."""
    return StreamServer(
        application,
        channel=group,
        stream=stream,
        group=group,
        consumer=f"{group}-{slot}",
        batch_size=settings.BATCH_SIZE,
    )
