"""A Channels consumer for each agent: dispatches in, replies out, no domain tables touched.

While an agent runs, its entry is renewed, so nobody takes long work for dead. Before an item begins, and at each
renewal, the ledger is asked whether it is still wanted: a cancelled project ends queued work and work under way.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import connection, connections

from events import holding, ledger, streams
from events.consumers import BatchConsumer, Verdicts
from events.envelope import Envelope, from_wire, reply_id
from events.errors import InvalidEvent, PermanentError
from events.isolation import DATABASE_AWAY
from events.renewal import Renewal
from events.streams import Entry
from workers import errand
from workers.agents import AGENTS
from workers.contract import AgentSpec, Result
from workers.errand import Errand, Progressed
from workers.pool import GivenUp, pool
from workers.sdk import perform

logger = logging.getLogger(__name__)

# Each of these ends the conversation about a dispatch.
LAST_WORDS = ("WORK.ITEM_COMPLETED", "WORK.ITEM_FAILED", "CLARIFICATION.NEEDED")
# A broker that is away is tried again after this long; the result is kept meanwhile.
AWAY_SECONDS = 0.5

Dispatches = list[tuple[Entry, Envelope]]


class AgentConsumer(BatchConsumer):
    """Does the items dispatched to one agent, one after the other."""

    spec: ClassVar[AgentSpec]
    # Whether anything was handled since the clock was last asked.
    has_worked = False

    def tick(self) -> None:
        """Keep no database connection while there is nothing to do: a worker has many servers, mostly idle."""
        # SQLite has connections enough, and a new one waits for whoever writes.
        if not self.has_worked and connection.vendor == "postgresql":
            connections.close_all()
        self.has_worked = False

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """What became of each entry; those not begun when the process is told to stop are left to others at once."""
        self.has_worked = True
        verdicts: Verdicts = {}
        waiting = self.wanted(self.read(entries, verdicts), verdicts)
        with Renewal(self.group, self.scope["consumer"], [entry for entry, _ in waiting]) as renewal:
            while waiting and not self.scope["stopping"].is_set():
                entry, dispatch = waiting.pop(0)
                Item(self, renewal, entry, dispatch).do(verdicts)
        for entry, _ in waiting:
            holding.give_back(self.group, self.scope["consumer"], entry)
        return verdicts

    def read(self, entries: Sequence[Entry], verdicts: Verdicts) -> Dispatches:
        """The dispatches among the entries; what is none of ours gets its verdict."""
        found = []
        for entry in entries:
            try:
                found.append((entry, self.dispatch_in(entry)))
            except PermanentError as error:
                verdicts[entry.entry_id] = error
        return found

    def dispatch_in(self, entry: Entry) -> Envelope:
        """The entry's dispatch. Raises PermanentError unless it is one for this agent."""
        dispatch = from_wire(entry.fields.get(b"event", b""))
        if dispatch.event_type != streams.DISPATCH or dispatch.payload["agent_target"] != self.spec.name:
            raise InvalidEvent(f"{self.spec.name} takes only {streams.DISPATCH} addressed to it.")
        return dispatch

    def wanted(self, dispatches: Dispatches, verdicts: Verdicts) -> Dispatches:
        """The dispatches to be done; what is over by now is settled, and what Interlock never said is buried."""
        over, unknown = unwanted([dispatch.event_id for _, dispatch in dispatches])
        for entry, dispatch in dispatches:
            if dispatch.event_id in over:
                verdicts[entry.entry_id] = None
            elif dispatch.event_id in unknown:
                words = f"Only Interlock dispatches, and it has no dispatch {dispatch.event_id} on record."
                verdicts[entry.entry_id] = InvalidEvent(words)
        return [(entry, dispatch) for entry, dispatch in dispatches if entry.entry_id not in verdicts]


class Item:
    """One item in hand: run where its agent belongs, and given up when nobody wants its outcome any more."""

    def __init__(self, consumer: AgentConsumer, renewal: Renewal, entry: Entry, dispatch: Envelope) -> None:
        self.spec, self.renewal, self.entry, self.dispatch = consumer.spec, renewal, entry, dispatch
        self.stopping = consumer.scope["stopping"]
        self.is_over, self.began_at = False, time.monotonic()
        self.stop_seen_at: float | None = None
        renewal.look = None if self.spec.quick else self.look

    def do(self, verdicts: Verdicts) -> None:
        """Do the item. Given up, it is settled if it is over, and otherwise left to somebody else."""
        try:
            perform(self.spec, self.dispatch, self.say, self.run)
        except GivenUp:
            logger.info("%s gave up item %s", self.spec.name, self.dispatch.payload["backlog_item_id"])
            if self.is_over:
                verdicts[self.entry.entry_id] = None
            else:
                holding.give_back(self.renewal.group, self.renewal.consumer, self.entry)
        else:
            verdicts[self.entry.entry_id] = None

    def run(self, task: Errand, progressed: Progressed) -> Result:
        """The agent's result. Raises GivenUp also when somebody else has taken the item over meanwhile."""
        if self.spec.quick:
            return errand.run(task, progressed)
        seconds = self.spec.timeout_seconds
        try:
            return pool().run(task, seconds=seconds, progressed=progressed, is_unwanted=self.is_unwanted)
        finally:
            self.require_hold()

    def require_hold(self) -> None:
        """Raise GivenUp if the item is over or in other hands: who stood still must not say what it would have said."""
        while True:
            try:
                self.look_if_late()
                if self.is_over or self.renewal.is_lost(self.entry):
                    raise GivenUp
                return
            except streams.BROKER_ERRORS as error:
                self.wait_for_broker(error)

    def is_unwanted(self) -> bool:
        """Whether the item is over or lost, or the process has to end sooner than the agent does."""
        if self.stopping.is_set() and self.stop_seen_at is None:
            self.stop_seen_at = time.monotonic()
        is_late = self.stop_seen_at is not None and time.monotonic() - self.stop_seen_at > settings.AGENT_DRAIN_SECONDS
        return self.is_over or is_late or self.entry.entry_id in self.renewal.lost

    def look_if_late(self) -> None:
        """Look once more where so much time has passed that another may have taken the item over and finished it."""
        if time.monotonic() - self.began_at > settings.RECLAIM_IDLE_SECONDS / 2:
            with suppress(*DATABASE_AWAY):  # what is said to the log is judged there again
                self.look()

    def look(self) -> None:
        """Note whether the item is over: cancelled, superseded, or done by another while this process stood still."""
        over, _ = unwanted([self.dispatch.event_id])
        self.is_over = self.is_over or bool(over)

    def say(self, replies: list[Envelope]) -> None:
        """Put the replies on the log; while the broker is away they are kept, and the agent is not run again."""
        while True:
            try:
                streams.publish(replies)
                return
            except streams.BROKER_ERRORS as error:
                self.wait_for_broker(error)
                self.require_hold()

    def wait_for_broker(self, error: Exception) -> None:
        """Wait a moment. Raises the broker's error when the process is told to stop."""
        if self.stopping.wait(AWAY_SECONDS):
            raise error


def unwanted(dispatches: Sequence[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Of dispatches, those that are over (superseded or answered for good) and those that are not on record."""
    return ledger.unwanted_commands({d: [reply_id(d, f"{word}:1") for word in LAST_WORDS] for d in dispatches})


def worker_consumers() -> dict[str, type[AgentConsumer]]:
    """One consumer class an agent, by the agent's name."""
    return {name: consumer_for(spec) for name, spec in AGENTS.items()}


def consumer_for(spec: AgentSpec) -> type[AgentConsumer]:
    """The consumer of one agent."""
    names: dict[str, Any] = {"spec": spec, "group": streams.worker_group(spec.name)}
    return type(f"{spec.name}_consumer", (AgentConsumer,), names)
