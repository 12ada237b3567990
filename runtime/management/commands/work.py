"""Runs agents: they do the items that are dispatched to them."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from events import streams
from events.renewal import RenewingServer
from events.runner import serve, wait_for_broker
from runtime.commands import ServerCommand, at_least_one
from runtime.groups import stream_consumers
from runtime.system import require_agents
from workers.agents import AGENTS


class Command(ServerCommand):
    help = "Run agents until SIGTERM or Ctrl-C, any number of them in one process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agents", nargs="*", metavar="AGENT", help=f"of: {', '.join(sorted(AGENTS))}")
        parser.add_argument("--all", action="store_true", help="run every built-in agent")
        parser.add_argument(
            "--except", action="append", default=[], metavar="AGENT", dest="excepted", help="leave this agent out"
        )
        parser.add_argument(
            "--slot",
            type=at_least_one,
            default=1,
            help="number of this process among those that run the same agents; stable over restarts",
        )

    def roles_of(self, options: dict[str, Any]) -> Sequence[str]:
        """Return "work", and the agents."""
        return ["work", *chosen_agents(options)]

    def handle(self, *args: Any, slot: int, **options: Any) -> None:
        chosen = chosen_agents(options)
        require_agents({*chosen, *options["excepted"]})
        if not chosen:
            raise CommandError("No agent is left to run: name agents, or use --all.")
        wait_for_broker()
        application = stream_consumers()
        self.begin(f"Working as {', '.join(chosen)}, slot {slot}")
        serve([server(application, name, slot, lane) for name in chosen for lane in lanes(name)])


def chosen_agents(options: dict[str, Any]) -> list[str]:
    """Return the names of the agents that these options choose."""
    names = sorted(AGENTS) if options["all"] else options["agents"]
    return [name for name in names if name not in options["excepted"]]


def lanes(agent: str) -> range:
    """Return the numbers of the agent's servers in one process: as many as it may do items at the same time."""
    spec = AGENTS[agent]
    return range(1, 2 if spec.quick else 1 + max(1, min(spec.prefetch, settings.AGENT_CHILDREN)))


def server(application: Any, agent: str, slot: int, lane: int = 1) -> RenewingServer:
    """Return a server of the agent's work stream.

    An agent that is not quick gets one item at a time, so that none waits behind it.
    """
    return RenewingServer(
        application,
        channel=agent,
        stream=streams.work_stream(agent),
        group=streams.worker_group(agent),
        consumer=f"{agent}-{slot}" if lane == 1 else f"{agent}-{slot}-{lane}",
        batch_size=AGENTS[agent].prefetch if AGENTS[agent].quick else 1,
    )
