"""Run consumer groups: apply what the streams bring."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from events.bridge import StreamServer
from events.runner import announce_broker, serve
from runtime.commands import ServerCommand, at_least_one
from runtime.routing import CONSUMERS, channels


class Command(ServerCommand):
    help = "Serve consumer groups until SIGTERM: orchestrator, clarifications, validators."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("groups", nargs="+", choices=sorted(CONSUMERS))
        parser.add_argument(
            "--slot", type=at_least_one, default=1, help="which of several equal processes this is (stable)"
        )

    def handle(self, *args: Any, groups: list[str], slot: int, **options: Any) -> None:
        announce_broker()
        application = channels()
        self.stderr.write(f"Serving {', '.join(groups)} on {settings.STREAM_NAME}, slot {slot}")
        log = [server(application, group, settings.STREAM_NAME, slot) for group in groups]
        letters = [DeadLettersConsumer.group] if OrchestratorConsumer.group in groups else []
        serve([*log, *(server(application, group, settings.DLQ_STREAM, slot) for group in letters)])


def server(application: Any, group: str, stream: str, slot: int) -> StreamServer:
    """A server of one consumer group; the orchestrator's process reads the dead-letter stream beside the log."""
    return StreamServer(
        application,
        channel=group,
        stream=stream,
        group=group,
        consumer=f"{group}-{slot}",
        batch_size=settings.BATCH_SIZE,
    )
