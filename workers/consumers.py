"""A Channels consumer for each agent: dispatches in, replies out, no domain tables touched."""

import logging
from collections.abc import Sequence
from typing import ClassVar

from django.db import close_old_connections

from events import ledger, streams
from events.consumers import BatchConsumer, Verdicts
from events.envelope import from_wire
from events.errors import InvalidEvent, PermanentError
from events.streams import Entry
from workers.agents import AGENTS
from workers.contract import AgentSpec
from workers.sdk import perform

logger = logging.getLogger(__name__)


class AgentConsumer(BatchConsumer):
    """Does the items dispatched to one agent, one after the other."""

    spec: ClassVar[AgentSpec]

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """What became of each entry; those not begun when the process is told to stop stay pending."""
        close_old_connections()
        verdicts: Verdicts = {}
        for entry in entries:
            if self.scope["stopping"].is_set():
                break
            verdicts[entry.entry_id] = self.do(entry)
        return verdicts

    def do(self, entry: Entry) -> PermanentError | None:
        """Do one item, unless it was cancelled or superseded meanwhile. Only what is no dispatch is a fault."""
        try:
            dispatch = from_wire(entry.fields.get(b"event", b""))
        except PermanentError as error:
            return error
        if dispatch.event_type != streams.DISPATCH or dispatch.payload["agent_target"] != self.spec.name:
            return InvalidEvent(f"{self.spec.name} takes only {streams.DISPATCH} addressed to it.")
        if ledger.is_over(dispatch.event_id):
            logger.info("%s is over: %s does not begin it", dispatch.event_id, self.spec.name)
            return None
        perform(self.spec, dispatch, streams.publish)
        return None


def worker_consumers() -> dict[str, type[AgentConsumer]]:
    """One consumer class an agent, by the agent's name."""
    return {name: consumer_for(spec) for name, spec in AGENTS.items()}


def consumer_for(spec: AgentSpec) -> type[AgentConsumer]:
    """The consumer of one agent."""
    return type(f"{spec.name}_consumer", (AgentConsumer,), {"spec": spec, "group": streams.worker_group(spec.name)})
