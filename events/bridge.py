"""Serves stream entries to a Channels application: reads a batch, waits for the verdicts, then settles the entries."""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connections
from django.db.backends.signals import connection_created

from environment import heartbeat
from events import deadletters, holding, ledger, outbox, statements, streams
from events.consumers import MOST_READ_BYTES, Verdicts
from events.counting import count_events
from events.errors import PermanentError, TooManyAttempts
from events.faults import fault_point
from events.isolation import DATABASE_AWAY
from events.lanes import Lanes
from events.partitions import label
from events.streams import Entry, Pending
from telemetry import metrics

logger = logging.getLogger(__name__)

# Seconds between two looks at the pending entries, and between two ticks of the application's clock.
RECLAIM_EVERY_SECONDS = 1.0
TICK_EVERY_SECONDS = 1.0
# Longest time for which pending entries are tried singly before new entries are read again.
LONGEST_RECLAIM_SECONDS = 0.5
# Pause under load, after a batch that was not full: the next one gets larger, which makes each event cheaper. There is
# load if the entries were there at once (BUSY_READ_SECONDS) and took some work (BUSY_WORK_SECONDS).
LINGER_SECONDS = 0.01
BUSY_READ_SECONDS, BUSY_WORK_SECONDS = 0.002, 0.003
# A server with outbox rows to delete counts as idle after this time without new entries.
SHORT_BLOCK_MS = 50
# Longest time for which batches that the application skips are settled, and for which a batch in hand is filled.
LONGEST_SKIPPING_SECONDS, LONGEST_FILLING_SECONDS = 0.5, 0.05
# Pause before a skipped batch is settled: those who have work with it come first, and the next batch gets larger.
SKIPPING_PAUSE_SECONDS = 0.004
# Longest wait before a broker or database that is away is tried again.
LONGEST_OUTAGE_WAIT_SECONDS = 2.0
# Most pages of pending entries that one look reads: far more than a healthy group has.
MOST_PAGES = 50
# Renewals of the entries in hand in each RECLAIM_IDLE_SECONDS, after which they would be taken over.
RENEWALS_PER_IDLE_TIME = 4
# PostgreSQL's limits: no session waits longer than this for a lock, and a frozen one loses its locks after this.
LOCK_TIMEOUT, IDLE_IN_TRANSACTION_TIMEOUT = "1s", "3s"

AWAY_ERRORS = (*streams.BROKER_ERRORS, *DATABASE_AWAY)


def loop_name(stream: str, consumer: str) -> str:
    """Return the name under which the loop of this consumer shows that it turns."""
    return f"{consumer} of {stream}"


class StreamServer:
    """Serves one consumer group of one stream with a Channels application, until it is stopped.

    Delivery is at least once: an entry is acknowledged only after the application has committed its effect.
    `consumer` is a stable slot name, so that a restarted process finds its own pending entries again. Of the servers
    of a group in one process, one `ticks`: has the application do what is due by the clock; those that read the same
    stream share their `lanes`. The application has nothing to do for an entry that it `skips`.
    """

    def __init__(
        self,
        application: Any,
        *,
        channel: str,
        stream: str,
        group: str,
        consumer: str,
        batch_size: int,
        ticks: bool = True,
        skips: Callable[[Entry], bool] = lambda entry: False,
        lanes: Lanes | None = None,
    ) -> None:
        self.application, self.channel = application, channel
        self.stream, self.group, self.consumer = stream, group, consumer
        self.batch_size, self.ticks, self.skips = batch_size, ticks, skips
        self.lanes = lanes or Lanes()
        self.stopping = threading.Event()
        self.executor = ThreadPoolExecutor(1, thread_name_prefix=channel, initializer=outbox.defer_deleting)
        self.loop = loop_name(stream, consumer)
        self._to_app: asyncio.Queue[dict[str, Any]]
        self._from_app: asyncio.Queue[dict[str, Any]]
        self._app: asyncio.Task[None] | None = None
        self._next_reclaim = self._next_tick = 0.0

    def stop(self) -> None:
        """Ask the server to stop: it finishes the batch in hand and returns from `serve`."""
        self.stopping.set()

    async def serve(self) -> None:
        """Read, dispatch and settle until stopped; wait while the broker or the database is away."""
        connection_created.connect(self.set_time_limits)
        try:
            await self.patiently(lambda: self.in_thread(streams.ensure_group, self.stream, self.group))
            while not self.stopping.is_set():
                await self.patiently(self.cycle)
        except AWAY_ERRORS as error:
            logger.warning("%s stops while broker or database are away: %s", self.channel, error)
        finally:
            await self.close()

    async def close(self) -> None:
        """End the application, this server's database connections and its thread."""
        if self._app:
            self._app.cancel()
            await asyncio.gather(self._app, return_exceptions=True)
        await self.in_thread(outbox.delete_published)
        await self.in_thread(connections.close_all)
        connection_created.disconnect(self.set_time_limits)
        self.executor.shutdown()
        heartbeat.end(self.loop)

    def start_application(self) -> asyncio.Task[None]:
        """Return the task of a new instance of the Channels application, which has its own queues."""
        self._to_app, self._from_app = asyncio.Queue(), asyncio.Queue()
        names = {"type": "channel", "channel": self.channel, "consumer": self.consumer}
        scope = {**names, "executor": self.executor, "stopping": self.stopping}
        return asyncio.create_task(self.application(scope, self._to_app.get, self._from_app.put))

    async def cycle(self) -> None:
        """Handle pending entries, then what is due by the clock, then a batch of new entries."""
        if time.monotonic() >= self._next_reclaim:
            await self.reclaim()
            self._next_reclaim = time.monotonic() + RECLAIM_EVERY_SECONDS
        if self.ticks and time.monotonic() >= self._next_tick:
            await self.ask({"type": "stream.tick"})
            self._next_tick = time.monotonic() + TICK_EVERY_SECONDS
        try:
            is_busy = await self.handle_new()
        finally:
            self.lanes.end(self.consumer)
        if is_busy:
            await asyncio.sleep(LINGER_SECONDS)

    async def handle_new(self) -> bool:
        """Handle a batch of new entries; return True if a larger batch would be better."""
        asked = time.monotonic()
        entries = await self.in_thread(self.read_new)
        if not entries:
            return False
        fault_point("consume.after_read")
        read = time.monotonic()
        await self.process(entries)
        is_busy = read - asked < BUSY_READ_SECONDS and time.monotonic() - read > BUSY_WORK_SECONDS
        return is_busy and len(entries) < self.batch_size

    def read_new(self) -> list[Entry]:
        """Return entries that no consumer of the group has received yet, and what other lanes have left to this one.

        A batch that the application skips is settled here; under load, so is what stands between those that fill one.
        Where there are none, the rows of what is published are deleted.
        """
        began, entries = time.monotonic(), list[Entry]()
        while True:
            found = self.read_batch(is_waiting=not entries)
            is_full, skipped = len(found) >= self.batch_size, [entry for entry in found if self.skips(entry)]
            entries += self.lanes.begin(self.consumer, [entry for entry in found if not self.skips(entry)])
            if entries and not is_full:
                return entries + skipped
            self.stopping.wait(SKIPPING_PAUSE_SECONDS if skipped and not entries else 0)
            streams.ack(self.stream, self.group, [entry.entry_id for entry in skipped])
            is_enough = len(entries) >= self.batch_size or sum(map(Entry.size, entries)) >= MOST_READ_BYTES
            longest = LONGEST_FILLING_SECONDS if entries else LONGEST_SKIPPING_SECONDS
            if is_enough or not found or self.stopping.is_set() or time.monotonic() - began > longest:
                if not entries:
                    outbox.delete_published()
                return entries

    def read_batch(self, *, is_waiting: bool) -> list[Entry]:
        """Return a batch of new entries; if it is to wait for some, not for long while there are rows to delete."""
        block_ms = SHORT_BLOCK_MS if outbox.published.rows else streams.BLOCK_MS
        wait_ms = block_ms if is_waiting and not self.lanes.has_more(self.consumer) else None
        return streams.read_new(self.stream, self.group, self.consumer, count=self.batch_size, block_ms=wait_ms)

    async def reclaim(self) -> None:
        """Redeliver pending entries: first as a batch, from the second redelivery on singly; bury after MAX_ATTEMPTS.

        Singly, because an entry that kills its consumer each time must not take its neighbours along, nor use up their
        attempts. Entries for which there is no time are left for the next round, so that new entries do not wait long.
        """
        waiting = await self.in_thread(self.due_again)
        delivered_once = [p for p in waiting if p.deliveries == 1]
        if delivered_once:
            await self.process(await self.in_thread(self.take_over, delivered_once))
        deadline = time.monotonic() + LONGEST_RECLAIM_SECONDS
        for suspect in (p for p in waiting if p.deliveries > 1):
            if time.monotonic() > deadline:
                break
            entries = await self.in_thread(self.take_over, [suspect])
            if suspect.deliveries >= settings.MAX_ATTEMPTS:
                await self.in_thread(self.settle, entries, self.too_many_attempts(entries))
            else:
                await self.process(entries)

    def due_again(self) -> list[Pending]:
        """Show that this process lives; return pending entries of this slot and of silent consumers that are due."""
        outbox.show_life()
        elsewhere = self.lanes.with_others(self.consumer)
        own = self.pending_and_due(consumer=self.consumer)
        orphans = self.pending_and_due(idle_ms=int(settings.RECLAIM_IDLE_SECONDS * 1000))
        return list({p.entry_id: p for p in [*own, *orphans] if p.entry_id not in elsewhere}.values())

    def pending_and_due(self, **which: Any) -> list[Pending]:
        """Return up to a batch of pending entries whose next attempt is due; pages past those that are put off."""
        due: list[Pending] = []
        after = ""
        for _page in range(MOST_PAGES):
            page = streams.pending(self.stream, self.group, count=self.batch_size, after=after, **which)
            ids = [p.entry_id for p in page]
            put_off = deadletters.entries_not_due(self.stream, self.group, ids) if ids else set()
            due += [p for p in page if p.entry_id not in put_off]
            if len(page) < self.batch_size or len(due) >= self.batch_size:
                break
            after = ids[-1]
        return due[: self.batch_size]

    def take_over(self, waiting: Sequence[Pending]) -> list[Entry]:
        """Claim the entries and return them; entries that are gone from the stream are settled and reported."""
        entries = streams.take_over(self.stream, self.group, self.consumer, waiting)
        self.settle_gone({p.entry_id for p in waiting} - {e.entry_id for e in entries})
        return entries

    def settle_gone(self, gone: set[str]) -> None:
        """Settle entries that are gone from the stream; log those whose event had no effect."""
        if gone:
            streams.ack(self.stream, self.group, gone)
            if lost := sorted(gone - ledger.handled_entries(gone, label(self.stream))):
                logger.error("Another program deleted from %s, before they were handled: %s", self.stream, lost)

    def too_many_attempts(self, entries: Sequence[Entry]) -> Verdicts:
        """Return the verdict TooManyAttempts for each entry."""
        return {e.entry_id: TooManyAttempts(f"Delivered {e.deliveries - 1} times without an outcome.") for e in entries}

    async def process(self, entries: Sequence[Entry]) -> None:
        """Have the application handle the entries, then settle them; keep the batch in hand during outages."""
        if entries:
            began = time.monotonic()
            renewal = asyncio.create_task(self.renew(entries))
            try:
                answer: dict[str, Any] = await self.patiently(
                    lambda: self.ask({"type": "stream.batch", "entries": entries})
                )
            finally:
                renewal.cancel()
            await self.patiently(lambda: self.in_thread(self.settle, entries, answer["verdicts"]))
            metrics.BATCH_ENTRIES.labels(self.group).observe(len(entries))
            metrics.BATCH_SECONDS.labels(self.group).observe(time.monotonic() - began)

    async def renew(self, entries: Sequence[Entry]) -> None:
        """Renew the entries while they are handled, well before other consumers would take them over.

        So long work does not count as dead, and no delivery is counted. Runs until it is cancelled.
        """
        while True:
            await asyncio.sleep(settings.RECLAIM_IDLE_SECONDS / RENEWALS_PER_IDLE_TIME)
            with suppress(*streams.BROKER_ERRORS):
                await asyncio.to_thread(holding.renew_held, self.group, self.consumer, entries)

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send the application one message and return its answer; an exception of the application is raised here."""
        if self._app is None or self._app.done():
            self._app = self.start_application()
        await self._to_app.put(message)
        answer = asyncio.create_task(self._from_app.get())
        await asyncio.wait({self._app, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            self._app.result()
        return await answer

    def settle(self, entries: Sequence[Entry], verdicts: Verdicts) -> None:
        """Acknowledge handled entries, bury hopeless ones, and leave others pending with their attempt counted."""
        with_verdict = [(e, verdicts[e.entry_id]) for e in entries if e.entry_id in verdicts]
        hopeless = [(e, error) for e, error in with_verdict if error is not None and self.is_hopeless(e, error)]
        deadletters.bury_all(hopeless, self.group)
        self.count_errors([e for e, _ in hopeless], [e for e, error in with_verdict if error is not None])
        done = [*(e.entry_id for e, error in with_verdict if error is None), *(e.entry_id for e, _ in hopeless)]
        fault_point("consume.before_ack")
        streams.ack(self.stream, self.group, done)
        fault_point("consume.after_ack")
        if again := [e.entry_id for e in entries if e.deliveries > 1 and verdicts.get(e.entry_id, ...) is None]:
            deadletters.forget_attempts(self.stream, self.group, again)

    def count_errors(self, hopeless: Sequence[Entry], failed: Sequence[Entry]) -> None:
        """Count the entries that failed: those that are buried, and the others, which are tried again."""
        if failed:
            buried = {entry.entry_id for entry in hopeless}
            outcomes = ((entry, "buried" if entry.entry_id in buried else "retried") for entry in failed)
            count_events(self.group, [(deadletters.event_identity(entry)[1], outcome) for entry, outcome in outcomes])

    def is_hopeless(self, entry: Entry, error: Exception) -> bool:
        """Return True if the entry is to be buried; otherwise count the attempt and return False.

        An error that may pass is not final while earlier entries are unsettled: they may bring what is missing.
        """
        early = isinstance(error, PermanentError) and error.may_pass
        if early or not isinstance(error, PermanentError):
            attempts = deadletters.record_attempt(entry, self.group, error)
            logger.warning("Attempt %s of %s failed: %r", attempts, entry.entry_id, error)
            if attempts < settings.MAX_ATTEMPTS or (early and streams.is_queue_before(entry)):
                return False
        return True

    async def patiently(self, step: Callable[[], Any]) -> Any:
        """Return the step's result; while the broker or the database is away, wait and do the step again."""
        wait = 0.1
        while True:
            heartbeat.turn(self.loop)
            try:
                return await step()
            except AWAY_ERRORS as error:
                logger.warning("%s waits: %s", self.channel, error)
                metrics.OUTAGES.labels(self.group).inc()
                if self.stopping.is_set():
                    raise
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                await self.in_thread(close_old_connections)
                wait = min(wait * 2, LONGEST_OUTAGE_WAIT_SECONDS)

    async def in_thread(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run blocking code in this server's own thread, which owns its database connection."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, call, *args)

    def set_time_limits(self, connection: Any, **_: Any) -> None:
        """Set time limits on this server's PostgreSQL sessions, and have them keep the plans of their statements.

        With the limits, a frozen process cannot hold up others.
        """
        if connection.vendor == "postgresql" and threading.current_thread().name.startswith(self.channel):
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
                cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_TIMEOUT}'")
            statements.keep_plans(connection)
            # A batch that meets a closed connection is handled again on a new one: to ask the server before each batch
            # whether it is still there would only cost a round trip.
            connection.health_check_enabled = False
