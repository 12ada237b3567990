"""A Channels consumer for each agent: it reads dispatches, runs the agent and publishes the replies.

A consumer changes no domain tables. While an agent runs, the hold on its stream entry is renewed, so that no other
worker takes over long work. Before an item begins, and at each renewal, the consumer asks the ledger whether the
dispatch is still wanted: a cancelled project also ends queued and running work.
"""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import connection, connections

from events import holding, ledger, streams
from events.consumers import BatchConsumer, Verdicts, event_of
from events.counting import log_events
from events.envelope import DISPATCH, Envelope, Outgoing, reply_id
from events.errors import InvalidEvent, PermanentError
from events.faults import fault_point
from events.isolation import DATABASE_AWAY
from events.renewal import Renewal
from events.streams import Entry
from events.traced import Spans, begin_spans, end_spans, traceparent_in
from telemetry import metrics
from workers import errand
from workers.agents import AGENTS
from workers.contract import AgentSpec, Result
from workers.errand import Errand, Progressed
from workers.pool import GivenUp, process_pool
from workers.sdk import perform_item

logger = logging.getLogger(__name__)

# A dispatch with one of these replies is over: nothing else may be said about it.
FINAL_REPLIES = ("WORK.ITEM_COMPLETED", "WORK.ITEM_FAILED", "CLARIFICATION.NEEDED")
# How long to wait before an unreachable broker is tried again; the result is kept in memory meanwhile.
BROKER_RETRY_SECONDS = 0.5
# Replies of quick items are published together after this time, or when they have this size.
LONGEST_TOGETHER_SECONDS = 0.25
MOST_REPLY_BYTES = 4 * 1024 * 1024

# After this time without work a connection is closed; later, where to connect again takes longer than an item.
IDLE_SECONDS, IDLE_SECONDS_OF_QUICK = 1.0, 30.0

Dispatches = list[tuple[Entry, Envelope]]


class AgentConsumer(BatchConsumer):
    """The consumer of one agent's group: does the dispatched items one after another."""

    spec: ClassVar[AgentSpec]
    worked_at = 0.0

    def tick(self) -> None:
        """Close the database connections after an idle period: a worker process has many, most of them unused."""
        idle, longest = time.monotonic() - self.worked_at, IDLE_SECONDS_OF_QUICK if self.spec.quick else IDLE_SECONDS
        # Not with SQLite: connections cost nothing there, and opening one waits for the current writer.
        if idle > longest and connection.vendor == "postgresql":
            connections.close_all()

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """Do the items and return a verdict for each entry; when the process has to stop, give back the others."""
        self.worked_at = time.monotonic()
        verdicts: Verdicts = {}
        waiting = self.still_wanted(self.read(entries, verdicts), verdicts)
        with Renewal(self.group, self.scope["consumer"], [entry for entry, _ in waiting]) as renewal:
            while waiting and not self.scope["stopping"].is_set():
                if self.spec.quick:
                    QuickItems(self, renewal).do(waiting, verdicts)
                else:
                    entry, dispatch = waiting.pop(0)
                    Item(self, renewal, entry, dispatch).do(verdicts)
        for entry, _ in waiting:
            holding.give_back(self.group, self.scope["consumer"], entry)
        return verdicts

    def read(self, entries: Sequence[Entry], verdicts: Verdicts) -> Dispatches:
        """Return the entries that are dispatches for this agent; give every other entry an error as its verdict."""
        dispatches = []
        for entry in entries:
            try:
                dispatches.append((entry, self.dispatch_in(entry)))
            except PermanentError as error:
                verdicts[entry.entry_id] = error
        return dispatches

    def dispatch_in(self, entry: Entry) -> Envelope:
        """Return the entry's event. Raises PermanentError unless the event is a dispatch for this agent."""
        dispatch = event_of(entry)
        if dispatch.event_type != DISPATCH or dispatch.payload["agent_target"] != self.spec.name:
            raise InvalidEvent(f"The entry is no {DISPATCH} for {self.spec.name}: this agent accepts no other events.")
        return dispatch

    def still_wanted(self, dispatches: Dispatches, verdicts: Verdicts) -> Dispatches:
        """Return the dispatches to be done; settle those that are over, and bury those that the ledger does not know.

        Both are marked by their verdict: None settles the entry, an error buries it.
        """
        over, unknown = over_and_unknown([dispatch.event_id for _, dispatch in dispatches])
        for entry, dispatch in dispatches:
            if dispatch.event_id in over:
                verdicts[entry.entry_id] = None
            elif dispatch.event_id in unknown:
                words = f"The ledger has no dispatch {dispatch.event_id}: only Interlock itself may dispatch items."
                verdicts[entry.entry_id] = InvalidEvent(words)
        return [(entry, dispatch) for entry, dispatch in dispatches if entry.entry_id not in verdicts]


class QuickItems:
    """Items of a quick agent, done one after another: their replies leave together, in one pipeline with the acks."""

    def __init__(self, consumer: AgentConsumer, renewal: Renewal) -> None:
        self.spec, self.renewal, self.stopping = consumer.spec, renewal, consumer.scope["stopping"]

    def do(self, waiting: Dispatches, verdicts: Verdicts) -> None:
        """Do items from the front of `waiting` until it is time to publish, publish their replies, and settle them."""
        done: list[tuple[Entry, list[Outgoing]]] = []
        outcomes: Counter[str] = Counter()
        until, bytes_left = time.monotonic() + LONGEST_TOGETHER_SECONDS, MOST_REPLY_BYTES
        while waiting and not self.stopping.is_set() and time.monotonic() < until and bytes_left > 0:
            entry, dispatch = waiting.pop(0)
            replies: list[Envelope] = []
            began, spans = time.monotonic(), begin_spans(self.renewal.group, [(entry, dispatch)])
            outcome = perform_item(self.spec, dispatch, replies.extend, errand.run_errand)
            outcomes[outcome] += 1
            done.append((entry, [reply.outgoing(traceparent_in(spans)) for reply in replies]))
            note_handled(self.renewal.group, dispatch, outcome, began, spans)
            bytes_left -= sum(len(reply.wire) for reply in done[-1][1])
        self.publish(done)
        count_attempts(self.spec.name, outcomes)
        # What is settled already needs no verdict; one that was delivered before has an attempt to be forgotten.
        verdicts |= {entry.entry_id: None for entry, _ in done if entry.deliveries > 1}
        fault_point("work.after_reply")

    def publish(self, done: list[tuple[Entry, list[Outgoing]]]) -> None:
        """Publish the replies and settle the items; repeat until the broker is back, without items lost meanwhile."""
        while done:
            try:
                settled = [(entry.stream, self.renewal.group, entry.entry_id) for entry, _ in done]
                streams.publish([reply for _, replies in done for reply in replies], settled=settled)
                return
            except streams.BROKER_ERRORS as error:
                if self.stopping.wait(BROKER_RETRY_SECONDS):
                    raise error
                with suppress(*streams.BROKER_ERRORS):
                    done = [(entry, replies) for entry, replies in done if not self.renewal.is_lost(entry)]


class Item:
    """One item that is being done: runs its agent, and gives up when the outcome is no longer wanted."""

    def __init__(self, consumer: AgentConsumer, renewal: Renewal, entry: Entry, dispatch: Envelope) -> None:
        self.spec, self.renewal, self.entry, self.dispatch = consumer.spec, renewal, entry, dispatch
        self.stopping = consumer.scope["stopping"]
        self.is_over, self.began_at = False, time.monotonic()
        self.spans = begin_spans(renewal.group, [(entry, dispatch)])
        self.stop_seen_at: float | None = None
        renewal.look = self.look

    def do(self, verdicts: Verdicts) -> None:
        """Do the item and set its verdict. An item that is given up is settled if it is over, else given back."""
        try:
            outcome = perform_item(self.spec, self.dispatch, self.publish, self.run)
        except GivenUp:
            self.note_outcome("given_up")
            logger.info("%s gave up item %s", self.spec.name, self.dispatch.payload["backlog_item_id"])
            if self.is_over:
                verdicts[self.entry.entry_id] = None
            else:
                holding.give_back(self.renewal.group, self.renewal.consumer, self.entry)
        else:
            verdicts[self.entry.entry_id] = None
            self.note_outcome(outcome)
            metrics.WORK_SECONDS.labels(self.spec.name).observe(time.monotonic() - self.began_at)
            fault_point("work.after_reply")

    def note_outcome(self, outcome: str) -> None:
        """Count the attempt, log it and end its span."""
        count_attempts(self.spec.name, {outcome: 1})
        note_handled(self.renewal.group, self.dispatch, outcome, self.began_at, self.spans)

    def run(self, task: Errand, progressed: Progressed) -> Result:
        """Return the agent's result, from a child process.

        Raises what the agent raises, or GivenUp if the item is no longer wanted or another worker has taken it over.
        """
        seconds = self.spec.timeout_seconds
        try:
            return process_pool().run(task, seconds=seconds, progressed=progressed, is_unwanted=self.is_unwanted)
        finally:
            self.require_hold()

    def require_hold(self) -> None:
        """Raise GivenUp if the item is over, or another worker holds its entry.

        A process that was frozen for a time must not publish a result that another worker has published meanwhile.
        """
        while True:
            try:
                self.look_if_late()
                if self.is_over or self.renewal.is_lost(self.entry):
                    raise GivenUp
                return
            except streams.BROKER_ERRORS as error:
                self.wait_for_broker(error)

    def is_unwanted(self) -> bool:
        """Return True if the item is over, the entry is lost, or the process has waited long enough to stop."""
        if self.stopping.is_set() and self.stop_seen_at is None:
            self.stop_seen_at = time.monotonic()
        is_late = self.stop_seen_at is not None and time.monotonic() - self.stop_seen_at > settings.AGENT_DRAIN_SECONDS
        return self.is_over or is_late or self.entry.entry_id in self.renewal.lost

    def look_if_late(self) -> None:
        """Call `look` if the item has taken so long that another worker may have taken it over and finished it."""
        if time.monotonic() - self.began_at > settings.RECLAIM_IDLE_SECONDS / 2:
            with suppress(*DATABASE_AWAY):  # the orchestrator checks again whether the reply still counts
                self.look()

    def look(self) -> None:
        """Set `is_over` if the item was cancelled, superseded, or done by another worker."""
        over, _ = over_and_unknown([self.dispatch.event_id])
        self.is_over = self.is_over or bool(over)

    def publish(self, replies: list[Envelope]) -> None:
        """Publish the replies on the log; repeat until the broker is back, so that the agent need not run again.

        Raises GivenUp if the item is over meanwhile, or the broker's error when the process has to stop.
        """
        while True:
            try:
                streams.publish([reply.outgoing(traceparent_in(self.spans)) for reply in replies])
                return
            except streams.BROKER_ERRORS as error:
                self.wait_for_broker(error)
                self.require_hold()

    def wait_for_broker(self, error: Exception) -> None:
        """Wait before the broker is tried again. Raises the broker's error if the process has to stop."""
        if self.stopping.wait(BROKER_RETRY_SECONDS):
            raise error


def note_handled(group: str, dispatch: Envelope, outcome: str, began: float, spans: Spans) -> None:
    """Log a dispatch that was done, if events are logged, and end its span, if it has one."""
    log_events(group, [(dispatch, outcome)], time.monotonic() - began, spans)
    end_spans(spans, group, [(dispatch, outcome)], 1)


def count_attempts(agent: str, outcomes: Mapping[str, int]) -> None:
    """Count what the agent has done, {outcome: how often}."""
    for outcome, number in outcomes.items():
        metrics.WORK_ATTEMPTS.labels(agent, outcome).inc(number)


def over_and_unknown(dispatches: Sequence[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Return, of these dispatches, those that are over (superseded or finally answered) and those not in the ledger."""
    return ledger.unwanted_commands({d: [reply_id(d, f"{reply}:1") for reply in FINAL_REPLIES] for d in dispatches})


def worker_consumers() -> dict[str, type[AgentConsumer]]:
    """Return a consumer class for each registered agent, by the agent's name."""
    return {name: consumer_for(spec) for name, spec in AGENTS.items()}


def consumer_for(spec: AgentSpec) -> type[AgentConsumer]:
    """Return a new consumer class for one agent."""
    attributes: dict[str, Any] = {"spec": spec, "group": streams.worker_group(spec.name)}
    return type(f"{spec.name}_consumer", (AgentConsumer,), attributes)
