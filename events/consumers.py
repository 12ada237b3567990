"""Channels consumers on the durable side: one batch is one transaction, a method is a handler."""

import asyncio
import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from channels.consumer import AsyncConsumer
from django.db import close_old_connections

from events import ledger
from events.envelope import Envelope, from_wire
from events.errors import InvalidEvent, PermanentError
from events.faults import fault_point
from events.isolation import DATABASE_AWAY, in_halves, in_portions
from events.streams import Entry
from events.work import UnitOfWork, unit_of_work
from schemas.registry import registry

logger = logging.getLogger(__name__)

# Entry id → what went wrong, or None when it is settled. An entry left out stays pending, not counted.
Verdicts = dict[str, Exception | None]

# What of a batch is read and handled together: parsed, it takes about ten times as much memory.
MOST_READ_BYTES = 8 * 1024 * 1024


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

    def preload(self, events: Sequence[Envelope], work: UnitOfWork) -> None:
        """Load and lock what the batch names, one query a model."""

    @cached_property
    def wiring(self) -> dict[str, Any]:
        """Event type → handler, for the types of the registry that this consumer has a method for."""
        names = {kind: kind.replace(".", "_").lower() for kind in registry().event_types()}
        return {kind: getattr(self, name) for kind, name in names.items() if hasattr(self, name)}

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """One transaction for the batch; if a handler raises, one for each half of it, and so on."""
        close_old_connections()
        verdicts: Verdicts = {}
        readable = [(entry, event) for entry in entries if (event := self.read(entry, verdicts)) is not None]
        if readable:
            verdicts |= self.apply_or_isolate(readable)
        return verdicts

    def read(self, entry: Entry, verdicts: Verdicts) -> Envelope | None:
        """The entry's event if this consumer owns its type; otherwise the verdict is noted."""
        verdicts[entry.entry_id] = None
        if label_of(entry) and label_of(entry) not in self.wiring:
            return None
        try:
            event = event_of(entry)
        except PermanentError as error:
            verdicts[entry.entry_id] = error
            return None
        return event if event.event_type in self.wiring else None

    def apply_or_isolate(self, readable: Sequence[tuple[Entry, Envelope]]) -> Verdicts:
        """Apply the batch; when something in it fails, its halves, until the bad entry is alone: it costs no other."""
        verdicts: Verdicts = {}

        def alone(pair: tuple[Entry, Envelope], error: Exception) -> None:
            verdicts[pair[0].entry_id] = error

        in_halves(readable, lambda some: verdicts.update(self.apply(some)), alone)
        return verdicts

    def apply(self, readable: Sequence[tuple[Entry, Envelope]]) -> Verdicts:
        """Claim, load, run every handler in order, write: one transaction. Repeated events are settled unread."""
        verdicts: Verdicts = {entry.entry_id: None for entry, _ in readable}
        with unit_of_work(divisible=len(readable) > 1) as work:
            claimed, conflicts = ledger.claim([(entry.entry_id, event) for entry, event in readable], now=work.now)
            fault_point("consume.after_claim")
            verdicts |= conflicts
            events = [event for entry, event in readable if entry.entry_id in claimed]
            self.preload(events, work)
            for event in events:
                work.cause = event.event_id
                self.wiring[event.event_type](event, work)
        return verdicts


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
