"""Runs consumer groups: applies the events of the log, and the dead letters of other programs."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection

from backlog.consumers import DeadLettersConsumer, OrchestratorConsumer
from events.bridge import StreamServer
from events.lanes import Lanes
from events.partitions import share_of
from events.runner import serve, streams_to_read, wait_for_broker
from runtime.commands import ServerCommand, at_least_one
from runtime.groups import CONSUMERS, by_channel, log_consumers

# Threads of a process that read the group side by side: while one waits for its commit, another computes.
LANES = {OrchestratorConsumer.group: 2}


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

        parser.add_argument(
            "--of",
            type=at_least_one,
            default=1,
            metavar="PROCESSES",
            help="read every so many-th partition of the log only: the slots up to this number share the partitions",
        )

    def roles_of(self, options: dict[str, Any]) -> Sequence[str]:
        """Return the groups."""
        return [str(group) for group in options["groups"]]

    def handle(self, *args: Any, groups: list[str], slot: int, of: int, **options: Any) -> None:
        wait_for_broker()
        names = share_of(streams_to_read(), slot=slot, members=of)
        self.begin(f"Serving {', '.join(groups)} on {', '.join(names)}, slot {slot}")
        serve(servers_of(groups, slot, names))


def servers_of(groups: Sequence[str], slot: int, names: Sequence[str]) -> list[StreamServer]:
    """Return the servers for each group and stream of the log, and with the orchestrator's one for the dead letters.

    A server a stream, since no command of a cluster reads several: each waits for entries on a connection of its own.
    """
    application = by_channel(log_consumers())
    log = [
        server(application, group, name, slot, lane, ticks=name == names[0] and lane == 1, lanes=lanes)
        for group in groups
        for name, lanes in ((name, Lanes()) for name in names)
        for lane in range(1, 1 + lanes_of(group, names))
    ]
    letters = [DeadLettersConsumer.group] if OrchestratorConsumer.group in groups else []
    return [*log, *(server(application, group, settings.DLQ_STREAM, slot) for group in letters)]


def lanes_of(group: str, names: Sequence[str]) -> int:
    """Return how many threads of a process read each of these streams for the group.

    One where threads stand side by side already, as each partition has its own, and on SQLite, which takes one writer
    at a time.
    """
    return LANES.get(group, 1) if len(names) == 1 and connection.vendor == "postgresql" else 1


def server(
    application: Any,
    group: str,
    stream: str,
    slot: int,
    lane: int = 1,
    *,
    ticks: bool = True,
    lanes: Lanes | None = None,
) -> StreamServer:
    """Return a server of the consumer group of this stream; one of a group in each process has its clock."""
    return StreamServer(
        application,
        channel=group,
        stream=stream,
        group=group,
        consumer=f"{group}-{slot}" if lane == 1 else f"{group}-{slot}-{lane}",
        batch_size=settings.BATCH_SIZE,
        ticks=ticks,
        skips=log_consumers()[group].skips,
        lanes=lanes,
    )
