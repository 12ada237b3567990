"""Run agents: do the items dispatched to them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.routing import channels
from events import streams
from events.bridge import StreamServer
from events.runner import announce_broker, serve
from workers.agents import AGENTS


class Command(BaseCommand):
    help = "Serve agents until SIGTERM, any set of them in one process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agents", nargs="*", metavar="AGENT", help=f"of: {', '.join(sorted(AGENTS))}")
        parser.add_argument("--all", action="store_true", help="every agent of ours")
        parser.add_argument("--except", action="append", default=[], metavar="AGENT", dest="excepted")
        parser.add_argument("--slot", type=int, default=1, help="which of several equal processes this is (stable)")

    def handle(self, *args: Any, agents: list[str], excepted: list[str], slot: int, **options: Any) -> None:
        chosen = [name for name in (sorted(AGENTS) if options["all"] else agents) if name not in excepted]
        if unknown := sorted({*chosen, *excepted} - set(AGENTS)):
            raise CommandError(f"No agent is called {', '.join(unknown)}. There is: {', '.join(sorted(AGENTS))}.")
        if not chosen:
            raise CommandError("Name the agents to run, or say --all.")
        announce_broker()
        application = channels()
        self.stderr.write(f"Working as {', '.join(chosen)}, slot {slot}")
        serve([server(application, name, slot) for name in chosen])


def server(application: Any, agent: str, slot: int) -> StreamServer:
    """A server of one agent's work stream."""
    return StreamServer(
        application,
        channel=agent,
        stream=streams.work_stream(agent),
        group=streams.worker_group(agent),
        consumer=f"{agent}-{slot}",
        batch_size=AGENTS[agent].prefetch,
    )
