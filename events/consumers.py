"""Channels consumers of the streams: a batch of entries is one transaction; a method handles one event type."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache, cached_property, partial
from typing import Any, ClassVar
from uuid import UUID

from channels.consumer import AsyncConsumer, get_handler_name
from django.db import close_old_connections

from events import ledger
from events.admission import Admission
from events.counting import count_events, log_events
from events.envelope import Envelope, from_own_wire, from_wire
from events.errors import InvalidEvent, PermanentError
from events.faults import fault_point
from events.isolation import DATABASE_AWAY, in_halves, in_portions
from events.partitions import label
from events.prepared import Asked
from events.producers import RefusedLately
from events.seal import is_sealed
from events.streams import Entry
from events.traced import NONE, Spans, begin_spans, end_spans
from events.work import UnitOfWork, unit_of_work
from schemas.registry import registry
from telemetry import metrics

logger = logging.getLogger(__name__)

# Entry id → the error, or None if handled. An entry that is left out stays pending, and no attempt is counted.
Verdicts = dict[str, Exception | None]
Readable = tuple[Entry, Envelope]
# Most bytes of a batch that are parsed and handled together: parsed, they take about ten times as much memory.
MOST_READ_BYTES = 8 * 1024 * 1024
# Most refused entries of a batch that are tried alone at once; others stay pending and are tried between new batches.
MOST_ALONE = 20


class SomeRefused(Exception):
    """Handlers refused these events (by id) of a batch; applied alone, some of them may still succeed."""

    def __init__(self, events: set[UUID]) -> None:
        super().__init__(f"{len(events)} events are refused.")
        self.events = events


class BatchConsumer(AsyncConsumer):  # type: ignore[misc]  # channels has no types
    """Handles batches of stream entries from the bridge and sends back a verdict for each entry."""

    group: ClassVar[str]
    # No channel layer has this name: the consumer gets its messages from the stream only, and listens to no group.
    channel_layer_alias = ""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle the message. Channels would first look at connections in a thread that has none of this server."""
        await getattr(self, get_handler_name(message))(message)

    async def stream_batch(self, message: dict[str, Any]) -> None:
        """Handle one batch in the server's own thread and send the verdicts."""
        verdicts: Verdicts = {}
        for portion in in_portions(message["entries"], Entry.size, MOST_READ_BYTES):
            verdicts |= await self.in_thread(self.handle, portion)
        await self.send({"type": "stream.settled", "verdicts": verdicts})

    async def stream_tick(self, message: dict[str, Any]) -> None:
        """Do what is due by the clock, in the server's own thread."""
        await self.in_thread(self.tick_safely)
        await self.send({"type": "stream.ticked"})

    def tick_safely(self) -> None:
        """Run `tick`; log its fault, so that neither later ticks nor events stop. Raises DATABASE_AWAY errors."""
        close_old_connections()
        try:
            self.tick()
        except DATABASE_AWAY:
            raise
        except Exception:
            metrics.CLOCK_FAILURES.labels(self.group).inc()
            logger.exception("What was due in %s could not be done", self.group)

    async def in_thread(self, call: Any, *args: Any) -> Any:
        """Run blocking code in the server's own thread, which owns its database connection."""
        return await asyncio.get_running_loop().run_in_executor(self.scope["executor"], call, *args)

    @classmethod
    def skips(cls, entry: Entry) -> bool:
        """Return True if this consumer has nothing to do for the entry: what can be told without reading its event."""
        return False

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """Return a verdict for each entry; an entry without a verdict stays pending, and no attempt is counted."""
        raise NotImplementedError

    def tick(self) -> None:
        """Do what is due by the clock; nothing, unless a subclass overrides this."""


class StreamConsumer(BatchConsumer):
    """Applies events to the domain: `WORK.ITEM_COMPLETED` goes to `work_item_completed(event, work)`.

    The list of methods shows which types this consumer handles. Other types belong to other groups and are skipped.
    """

    def open_work(self, *, divisible: bool) -> AbstractContextManager[Any]:
        """Return the unit of work for one batch; `preload` and the handlers receive it."""
        return unit_of_work(divisible=divisible)

    def reads(self, events: Sequence[Envelope]) -> Sequence[Asked]:
        """Return what `preload` will ask of `work.ahead` if all events are new: it is read with their claim."""
        return ()

    def preload(self, events: Sequence[Envelope], work: Any) -> None:
        """Load and lock the objects that the events name, with one query a model."""

    @classmethod
    @cache
    def method_names(cls) -> dict[str, str]:
        """Return {event type: name of its method} for the types of the registry that this consumer handles."""
        names = {kind: kind.replace(".", "_").lower() for kind in registry().event_types()}
        return {kind: name for kind, name in names.items() if hasattr(cls, name)}

    @cached_property
    def wiring(self) -> dict[str, Any]:
        """Return {event type: handler} for the types that this consumer handles."""
        return {kind: getattr(self, name) for kind, name in self.method_names().items()}

    @classmethod
    def skips(cls, entry: Entry) -> bool:
        """Return True if the entry says that its event is of a type that this consumer does not handle."""
        label = type_label(entry)
        return bool(label) and label not in cls.method_names()

    @cached_property
    def refused(self) -> RefusedLately:
        """Return the counter of refused events by producer; it lives as long as this consumer."""
        return RefusedLately()

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """Apply the batch in one transaction; refused events are tried alone.

        A producer with many refused events has to wait: its entries get no verdict and stay pending until tried alone.
        """
        close_old_connections()
        readable, verdicts = self.read_all(entries)
        if len(readable) > 1:
            readable = [pair for pair in readable if not self.refused.has_to_wait(pair[1].source.service)]
        return verdicts | (self.apply_or_isolate(readable) if readable else {})

    def read_all(self, entries: Sequence[Entry]) -> tuple[list[Readable], Verdicts]:
        """Return the entries to apply, and the verdicts on all others: those for other groups, and those refused."""
        admission, readable, verdicts = Admission(entries), list[Readable](), Verdicts()
        for entry in entries:
            event = self.read(entry)
            if event is None:
                verdicts[entry.entry_id] = None
            elif admitted := admission.admit(entry, event):
                readable.append((entry, admitted))
        return readable, verdicts | admission.verdicts()

    def read(self, entry: Entry) -> Envelope | None:
        """Return the entry's event if this consumer has a handler for its type, else None.

        Also None for an entry that cannot be read: the validators bury it.
        """
        if self.skips(entry):
            return None
        try:
            event = event_of(entry)
        except PermanentError:
            return None
        return event if event.event_type in self.wiring else None

    def apply_or_isolate(self, readable: Sequence[Readable]) -> Verdicts:
        """Apply the batch; where handlers refuse events, apply the others first, then some refused ones singly.

        Up to MOST_ALONE are tried singly. For any other failure, halves are applied until the bad entry is alone, so
        that the other entries are not affected.
        """
        verdicts: Verdicts = {}
        refused: dict[str, Readable] = {}

        def step(part: Sequence[Readable]) -> None:
            try:
                verdicts.update(self.apply(part))
            except SomeRefused as error:
                refused.update({pair[0].entry_id: pair for pair in part if pair[1].event_id in error.events})
                if others := [pair for pair in part if pair[1].event_id not in error.events]:
                    verdicts.update(self.apply(others))

        def note_error(pair: Readable, error: Exception) -> None:
            verdicts[pair[0].entry_id] = error

        in_halves(readable, step, note_error)
        for pair in [pair for entry_id, pair in refused.items() if entry_id not in verdicts][:MOST_ALONE]:
            in_halves([pair], step, note_error)
        self.count_refused(readable, verdicts)
        return verdicts

    def count_refused(self, readable: Sequence[Readable], verdicts: Verdicts) -> None:
        """Count each event that is refused for good with its producer."""
        for entry, event in readable:
            error = verdicts.get(entry.entry_id)
            if isinstance(error, PermanentError) and not error.may_pass:
                self.refused.note(event.source.service)

    def apply(self, readable: Sequence[Readable]) -> Verdicts:
        """Claim the events, load their objects, run the handlers in order and write: one transaction.

        Events that were handled before are settled without a handler. Raises SomeRefused, and writes nothing, where
        handlers refuse some of several events.
        """
        verdicts: Verdicts = {entry.entry_id: None for entry, _ in readable}
        began, spans = time.monotonic(), begin_spans(self.group, readable)
        with self.open_work(divisible=len(readable) > 1) as work:
            arrived, partition = [(entry.entry_id, event) for entry, event in readable], label(readable[0][0].stream)
            reads = partial(work.ahead.read, self.reads([event for _, event in readable]))
            claimed, conflicts = ledger.claim(arrived, now=work.now, partition=partition, reads=reads)
            fault_point("consume.after_claim")
            verdicts |= conflicts
            events = [event for entry, event in readable if entry.entry_id in claimed]
            self.preload(events, work)
            self.run_handlers(events, work, spans)
        self.count_applied(readable, claimed, verdicts, work, began=began, spans=spans)
        return verdicts

    def count_applied(
        self,
        readable: Sequence[Readable],
        claimed: set[str],
        verdicts: Verdicts,
        work: Any,
        *,
        began: float,
        spans: Spans,
    ) -> None:
        """Count, log and trace the committed events; one with an error as its verdict is counted where it settles."""
        handled = [
            (event, work.outcome_of(event.event_id) if entry.entry_id in claimed else "repeated")
            for entry, event in readable
            if verdicts[entry.entry_id] is None
        ]
        count_events(self.group, [(event.event_type, outcome) for event, outcome in handled])
        log_events(self.group, handled, time.monotonic() - began, spans)
        end_spans(spans, self.group, handled, len(handled))

    def run_handlers(self, events: Sequence[Envelope], work: UnitOfWork, spans: Spans = NONE) -> None:
        """Run the handlers in order. Raises PermanentError for the only event, SomeRefused for some of several."""
        refused = set()
        for event in events:
            work.cause = event.event_id
            if spans:
                work.traces[event.correlation_id] = spans[event.event_id].traceparent
            try:
                self.wiring[event.event_type](event, work)
            except PermanentError:
                if len(events) == 1:
                    raise
                refused.add(event.event_id)
        if refused:
            raise SomeRefused(refused)


class ValidatorConsumer(BatchConsumer):
    """Checks every entry of the log that carries no seal of ours against its contract; it handles no event type."""

    group = "validators"

    @classmethod
    def skips(cls, entry: Entry) -> bool:
        """Return True if the entry carries a seal of ours."""
        return is_sealed(entry.fields)

    def handle(self, entries: Sequence[Entry]) -> Verdicts:
        """Return an error for each entry that breaks its contract, that its producer may not say, or that is forged.

        Forged is what only Interlock may emit and did not.
        """
        close_old_connections()
        verdicts: Verdicts = {}
        own_events: list[tuple[str, Envelope]] = []
        admission = Admission(entries)
        accepted: dict[str, str] = {}
        for entry in entries:
            verdicts[entry.entry_id] = None
            if self.skips(entry):
                continue
            try:
                event = event_of(entry)
            except PermanentError as error:
                verdicts[entry.entry_id] = error
                continue
            if admission.admit(entry, event) is None:
                continue
            accepted[entry.entry_id] = event.event_type
            if registry().direction(event.event_type, event.event_version) == "out":
                own_events.append((entry.entry_id, event))
        forged = ledger.forgery_errors(own_events)
        count_events(self.group, [(kind, "accepted") for entry_id, kind in accepted.items() if entry_id not in forged])
        return verdicts | forged | admission.verdicts()


def type_label(entry: Entry) -> str:
    """Return the event type in the field `type`, which the producer wrote beside the event; empty if there is none."""
    return entry.fields.get(b"type", b"").decode(errors="replace")


def event_of(entry: Entry) -> Envelope:
    """Return the entry's event. Raises PermanentError, also if the field `type` names another type."""
    if b"event" not in entry.fields:
        raise InvalidEvent(no_event_in_words(entry))
    if is_sealed(entry.fields):
        return from_own_wire(entry.fields[b"event"])
    event = from_wire(entry.fields[b"event"])
    if type_label(entry) not in ("", event.event_type):
        raise InvalidEvent(f"The field `type` says {type_label(entry)}, the event says {event.event_type}.")
    return event


def no_event_in_words(entry: Entry) -> str:
    """Return the message for an entry without an event: which fields it has, and what a producer has to write."""
    names = ", ".join(f"`{name.decode(errors='replace')[:50]}`" for name in list(entry.fields)[:10]) or "none"
    return f"The entry has no field `event`, which holds the envelope as JSON. Its fields: {names}."
