"""Channels consumers on the durable side: one batch is one transaction, a method is a handler."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from channels.consumer import AsyncConsumer
from django.db import close_old_connections

from events import ledger
from events.envelope import Envelope, from_wire
from events.errors import InvalidEvent, PermanentError
from events.faults import fault_point
from events.isolation import DATABASE_AWAY, in_halves, in_portions
from events.producers import RefusedLately
from events.streams import Entry
from events.work import UnitOfWork, unit_of_work
from schemas.registry import registry

logger = logging.getLogger(__name__)

# Entry id → what went wrong, or None when it is settled. An entry left out stays pending, not counted.
Verdicts = dict[str, Exception | None]
Readable = tuple[Entry, Envelope]
# What of a batch is read and handled together: parsed, it takes about ten times as much memory.
MOST_READ_BYTES = 8 * 1024 * 1024
# Of a batch, so many refused entries are tried alone at once; the others stay pending and are tried between new ones.
MOST_ALONE = 20


class SomeRefused(Exception):
    """Handlers refuse these events of a batch, as far as one can say before they are alone."""

    def __init__(self, events: set[UUID]) -> None:
        super().__init__(f"{len(events)} events are refused.")
        self.events = events


class BatchConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Takes batches of stream entries from the bridge and answers what became of each."""

    group: ClassVar[str]
    # None is configured under this name: what is done comes from the stream alone, so nothing else is listened to.
    channel_layer_alias = ""

    async def stream_batch(self, message: dict[str, Any]) -> None:
        """Handle one batch in the server's own thread."""
        verdicts: Verdicts = {}
        for some in in_portions(message["entries"], Entry.size, MOST_READ_BYTES):
            verdicts |= await self.in_thread(self.handle, some)
        await self.send({"type": "stream.settled", "verdicts": verdicts})

    async def stream_tick(self, message: dict[str, Any]) -> None:
        """Do what is due by the clock, in the server's own thread."""
        await self.in_thread(self.tick_safely)
        await self.send({"type": "stream.ticked"})

    def tick_safely(self) -> None:
        """A fault in one round of the clock is reported and does not stop the next, nor the events."""
        close_old_connections()
        try:
            self.tick()
        except DATABASE_AWAY:
            raise
        except Exception:
            logger.exception("What was due in %s could not be done", self.group)

    async def in_thread(self, call: Any, *args: Any) -> Any:
        """Run blocking code where this server's database connection lives."""
        return await asyncio.get_running_loop().run_in_executor(self.scope["executor"], call, *args)

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """What became of each entry."""
        raise NotImplementedError

    def tick(self) -> None:
        """Nothing is due, unless a consumer says so."""


class StreamConsumer(BatchConsumer):
    """Applies events to the domain: `WORK.ITEM_COMPLETED` goes to `work_item_completed(event, work)`.

    The method list is the wiring table. A type without a method belongs to another group and is skipped.
    """

    def open_work(self, *, divisible: bool) -> AbstractContextManager[Any]:
        """The unit of work in which a batch is handled; it is what `preload` and the handlers get."""
        return unit_of_work(divisible=divisible)

    def preload(self, events: Sequence[Envelope], work: Any) -> None:
        """Load and lock what the batch names, one query a model."""

    @cached_property
    def wiring(self) -> dict[str, Any]:
        """Event type → handler, for the types of the registry that this consumer has a method for."""
        names = {kind: kind.replace(".", "_").lower() for kind in registry().event_types()}
        return {kind: getattr(self, name) for kind, name in names.items() if hasattr(self, name)}

    @cached_property
    def refused(self) -> RefusedLately:
        """Which producers sent what could not be applied."""
        return RefusedLately()

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """One transaction for the batch; what is refused is tried alone, and stays pending where there is too much."""
        close_old_connections()
        events = {entry.entry_id: self.read(entry) for entry in entries}
        verdicts: Verdicts = {entry.entry_id: None for entry in entries if events[entry.entry_id] is None}
        readable = [(entry, event) for entry in entries if (event := events[entry.entry_id]) is not None]
        if len(readable) > 1:
            readable = [pair for pair in readable if not self.refused.has_to_wait(pair[1].source.service)]
        return verdicts | (self.apply_or_isolate(readable) if readable else {})

    def read(self, entry: Entry) -> Envelope | None:
        """The entry's event if this consumer owns its type. What cannot be read is left to the validators to bury."""
        if label_of(entry) and label_of(entry) not in self.wiring:
            return None
        try:
            event = event_of(entry)
        except PermanentError:
            return None
        return event if event.event_type in self.wiring else None

    def apply_or_isolate(self, readable: Sequence[Readable]) -> Verdicts:
        """Apply the batch; where events in it are refused, first the others, then some of the refused, each alone.

        When something fails that is no refusal, halves are applied until the bad entry is alone: it costs no other.
        """
        verdicts: Verdicts = {}
        refused: dict[str, Readable] = {}

        def step(some: Sequence[Readable]) -> None:
            try:
                verdicts.update(self.apply(some))
            except SomeRefused as error:
                refused.update({pair[0].entry_id: pair for pair in some if pair[1].event_id in error.events})
                if others := [pair for pair in some if pair[1].event_id not in error.events]:
                    verdicts.update(self.apply(others))

        def alone(pair: Readable, error: Exception) -> None:
            verdicts[pair[0].entry_id] = error

        in_halves(readable, step, alone)
        for pair in [pair for entry_id, pair in refused.items() if entry_id not in verdicts][:MOST_ALONE]:
            in_halves([pair], step, alone)
        self.count_refused(readable, verdicts)
        return verdicts

    def count_refused(self, readable: Sequence[Readable], verdicts: Verdicts) -> None:
        """Count with their producers what is refused for good."""
        for entry, event in readable:
            error = verdicts.get(entry.entry_id)
            if isinstance(error, PermanentError) and not error.may_pass:
                self.refused.note(event.source.service)

    def apply(self, readable: Sequence[Readable]) -> Verdicts:
        """Claim, load, run every handler in order, write: one transaction. Repeated events are settled unread.

        Raises SomeRefused, and writes nothing, where handlers refuse some of several events.
        """
        verdicts: Verdicts = {entry.entry_id: None for entry, _ in readable}
        with self.open_work(divisible=len(readable) > 1) as work:
            claimed, conflicts = ledger.claim([(entry.entry_id, event) for entry, event in readable], now=work.now)
            fault_point("consume.after_claim")
            verdicts |= conflicts
            events = [event for entry, event in readable if entry.entry_id in claimed]
            self.preload(events, work)
            self.run_handlers(events, work)
        return verdicts

    def run_handlers(self, events: Sequence[Envelope], work: UnitOfWork) -> None:
        """Run every handler in order. Raises what one event's refuses; SomeRefused when there are several events."""
        refused = set()
        for event in events:
            work.cause = event.event_id
            try:
                self.wiring[event.event_type](event, work)
            except PermanentError:
                if len(events) == 1:
                    raise
                refused.add(event.event_id)
        if refused:
            raise SomeRefused(refused)


class ValidatorConsumer(BatchConsumer):
    """Checks every entry of the log against its contract, whoever wrote it, and owns no type."""

    group = "validators"

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """An entry that no contract allows is buried, and so is what only we may say and never said."""
        close_old_connections()
        verdicts: Verdicts = {}
        ours: list[tuple[str, Envelope]] = []
        for entry in entries:
            try:
                event = event_of(entry)
            except PermanentError as error:
                verdicts[entry.entry_id] = error
                continue
            verdicts[entry.entry_id] = None
            if registry().direction(event.event_type, event.event_version) == "out":
                ours.append((entry.entry_id, event))
        return verdicts | ledger.forged(ours)


def label_of(entry: Entry) -> str:
    """The type that the producer wrote beside the event, if any."""
    return entry.fields.get(b"type", b"").decode(errors="replace")


def event_of(entry: Entry) -> Envelope:
    """The entry's event. Raises PermanentError, also when its label names another type."""
    if b"event" not in entry.fields:
        raise InvalidEvent(without_event_in_words(entry))
    event = from_wire(entry.fields[b"event"])
    if label_of(entry) not in ("", event.event_type):
        raise InvalidEvent(f"The field `type` says {label_of(entry)}, the event says {event.event_type}.")
    return event


def without_event_in_words(entry: Entry) -> str:
    """Say that the entry carries no event, which fields it has, and what a producer has to write."""
    names = ", ".join(f"`{name.decode(errors='replace')[:50]}`" for name in list(entry.fields)[:10]) or "none"
    return f"The entry has no field `event`, which holds the envelope as JSON. Its fields: {names}."
