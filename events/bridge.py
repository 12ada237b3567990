"""From stream entries to a Channels application and back: dispatch, wait for the outcome, then settle."""

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

from events import deadletters, holding, ledger, streams
from events.consumers import Verdicts
from events.errors import PermanentError, TooManyAttempts
from events.faults import fault_point
from events.isolation import DATABASE_AWAY
from events.streams import Entry, Pending

logger = logging.getLogger(__name__)

# How often pending entries are looked over, and the consumer asked what is due.
RECLAIM_EVERY_SECONDS = 1.0
TICK_EVERY_SECONDS = 1.0
# How long suspects are tried one by one before new entries are read again.
LONGEST_RECLAIM_SECONDS = 0.5
# Pause after a batch that was not full: a moment's patience makes the next one larger and every event cheaper.
LINGER_SECONDS = 0.01
# Longest wait before a broker or database that is away is tried again.
LONGEST_OUTAGE_WAIT_SECONDS = 2.0
# Pages of pending entries that one look goes through: far more than a healthy group has.
MOST_PAGES = 50
# How often entries in hand are renewed in the time after which they would be taken over.
RENEWALS = 4
# A frozen peer gives up its locks after this long; nobody waits for a lock longer than that.
LOCK_TIMEOUT, IDLE_IN_TRANSACTION_TIMEOUT = "1s", "3s"

AWAY = (*streams.BROKER_ERRORS, *DATABASE_AWAY)


class StreamServer:
    """Serves one group of one stream with a Channels application, until told to stop.

    Delivery is at least once: an entry is acked only after the application has committed its effect.
    `consumer` is a stable slot name: a restarted process finds its own pending entries again.
    """

    def __init__(
        self, application: Any, *, channel: str, stream: str, group: str, consumer: str, batch_size: int
    ) -> None:
        self.application, self.channel = application, channel
        self.stream, self.group, self.consumer = stream, group, consumer
        self.batch_size = batch_size
        self.stopping = threading.Event()
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=channel)
        self._to_app: asyncio.Queue[dict[str, Any]]
        self._from_app: asyncio.Queue[dict[str, Any]]
        self._app: asyncio.Task[None] | None = None
        self._next_reclaim = self._next_tick = 0.0

    def stop(self) -> None:
        """Finish the entry at hand and return from `serve`."""
        self.stopping.set()

    async def serve(self) -> None:
        """Read, dispatch, settle; a broker or database that is away is waited for."""
        connection_created.connect(self.limit_waits)
        try:
            await self.patiently(lambda: self.in_thread(streams.ensure_group, self.stream, self.group))
            while not self.stopping.is_set():
                await self.patiently(self.cycle)
        except AWAY as error:
            logger.warning("%s stops while broker or database are away: %s", self.channel, error)
        finally:
            await self.close()

    async def close(self) -> None:
        """End the application and this server's thread."""
        if self._app:
            self._app.cancel()
            await asyncio.gather(self._app, return_exceptions=True)
        await self.in_thread(connections.close_all)
        connection_created.disconnect(self.limit_waits)
        self.executor.shutdown()

    def start_application(self) -> asyncio.Task[None]:
        """A fresh instance of the Channels application, with queues of its own."""
        self._to_app, self._from_app = asyncio.Queue(), asyncio.Queue()
        scope = {
            "type": "channel",
            "channel": self.channel,
            "consumer": self.consumer,
            "executor": self.executor,
            "stopping": self.stopping,
        }
        return asyncio.create_task(self.application(scope, self._to_app.get, self._from_app.put))

    async def cycle(self) -> None:
        """Pending entries first, then what is due by the clock, then new entries."""
        if time.monotonic() >= self._next_reclaim:
            await self.reclaim()
            self._next_reclaim = time.monotonic() + RECLAIM_EVERY_SECONDS
        if time.monotonic() >= self._next_tick:
            await self.ask({"type": "stream.tick"})
            self._next_tick = time.monotonic() + TICK_EVERY_SECONDS
        entries = await self.in_thread(self.read_new)
        if entries:
            fault_point("consume.after_read")
            await self.process(entries)
            if len(entries) < self.batch_size:
                await asyncio.sleep(LINGER_SECONDS)

    def read_new(self) -> list[Entry]:
        """Entries nobody in the group has seen yet."""
        return streams.read_new(self.stream, self.group, self.consumer, count=self.batch_size)

    async def reclaim(self) -> None:
        """Take over what was delivered and never settled: once more together, from then on alone.

        An entry that killed its consumer each time must not take its neighbours along, nor their chances. What there is
        no time for is taken over in the next round, so that new entries are never far.
        """
        waiting = await self.in_thread(self.due_again)
        first_time = [p for p in waiting if p.deliveries == 1]
        if first_time:
            await self.process(await self.in_thread(self.take_over, first_time))
        over = time.monotonic() + LONGEST_RECLAIM_SECONDS
        for suspect in (p for p in waiting if p.deliveries > 1):
            if time.monotonic() > over:
                break
            entries = await self.in_thread(self.take_over, [suspect])
            if suspect.deliveries >= settings.MAX_ATTEMPTS:
                await self.in_thread(self.settle, entries, self.too_many(entries))
            else:
                await self.process(entries)

    def due_again(self) -> list[Pending]:
        """This slot's own pending entries and those of consumers that went silent, less those put off."""
        own = self.pending_and_due(consumer=self.consumer)
        orphans = self.pending_and_due(idle_ms=int(settings.RECLAIM_IDLE_SECONDS * 1000))
        return list({p.entry_id: p for p in [*own, *orphans]}.values())

    def pending_and_due(self, **which: Any) -> list[Pending]:
        """A batch of pending entries that are not put off, however many that are put off stand before them."""
        found: list[Pending] = []
        after = ""
        for _page in range(MOST_PAGES):
            page = streams.pending(self.stream, self.group, count=self.batch_size, after=after, **which)
            ids = [p.entry_id for p in page]
            put_off = deadletters.not_due(self.stream, self.group, ids) if ids else set()
            found += [p for p in page if p.entry_id not in put_off]
            if len(page) < self.batch_size or len(found) >= self.batch_size:
                break
            after = ids[-1]
        return found[: self.batch_size]

    def take_over(self, waiting: Sequence[Pending]) -> list[Entry]:
        """Claim the entries; those that are gone from the stream are settled and reported."""
        entries = streams.take_over(self.stream, self.group, self.consumer, waiting)
        self.settle_gone({p.entry_id for p in waiting} - {e.entry_id for e in entries})
        return entries

    def settle_gone(self, gone: set[str]) -> None:
        """Settle entries that are no longer on the stream, and report those whose event had no effect."""
        if gone:
            streams.ack(self.stream, self.group, gone)
            if lost := sorted(gone - ledger.handled_entries(gone)):
                logger.error("Deleted from %s by somebody before they were handled: %s", self.stream, lost)

    def too_many(self, entries: Sequence[Entry]) -> Verdicts:
        """A verdict for entries that were delivered to the limit and never came back."""
        return {e.entry_id: TooManyAttempts(f"Delivered {e.deliveries - 1} times without an outcome.") for e in entries}

    async def process(self, entries: Sequence[Entry]) -> None:
        """Have the application handle the entries, then settle them; outages are waited out with the batch in hand."""
        if entries:
            renewal = asyncio.create_task(self.renew(entries))
            try:
                answer: dict[str, Any] = await self.patiently(
                    lambda: self.ask({"type": "stream.batch", "entries": entries})
                )
            finally:
                renewal.cancel()
            await self.patiently(lambda: self.in_thread(self.settle, entries, answer["verdicts"]))

    async def renew(self, entries: Sequence[Entry]) -> None:
        """Keep the entries this server's own while they are handled, well before others would take them over.

        Long work is not taken for dead, and its deliveries are not counted.
        """
        while True:
            await asyncio.sleep(settings.RECLAIM_IDLE_SECONDS / RENEWALS)
            with suppress(*streams.BROKER_ERRORS):
                await asyncio.to_thread(holding.renew_held, self.group, self.consumer, entries)

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send the application one message and wait for its answer; what it raises is raised here."""
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
        """Ack what is done, bury what is hopeless, leave the rest pending with its attempt counted."""
        judged = [(e, verdicts[e.entry_id]) for e in entries if e.entry_id in verdicts]
        hopeless = [(e, error) for e, error in judged if error is not None and self.is_hopeless(e, error)]
        deadletters.bury_all(hopeless, self.group)
        done = [*(e.entry_id for e, error in judged if error is None), *(e.entry_id for e, _ in hopeless)]
        fault_point("consume.before_ack")
        streams.ack(self.stream, self.group, done)
        fault_point("consume.after_ack")
        if again := [e.entry_id for e in entries if e.deliveries > 1 and verdicts.get(e.entry_id, ...) is None]:
            deadletters.forget_attempts(self.stream, self.group, again)

    def is_hopeless(self, entry: Entry, error: Exception) -> bool:
        """Return True if the entry is to be buried; otherwise its attempt is counted, and it stays pending."""
        early = isinstance(error, PermanentError) and error.may_pass
        if early or not isinstance(error, PermanentError):
            attempts = deadletters.record_attempt(entry, self.group, error)
            logger.warning("Attempt %s of %s failed: %r", attempts, entry.entry_id, error)
            if attempts < settings.MAX_ATTEMPTS or (early and streams.is_queue_before(entry)):
                return False
        return True

    async def patiently(self, step: Callable[[], Any]) -> Any:
        """Do the step; while broker or database are away, wait and do it again."""
        wait = 0.1
        while True:
            try:
                return await step()
            except AWAY as error:
                logger.warning("%s waits: %s", self.channel, error)
                if self.stopping.is_set():
                    raise
                await asyncio.sleep(wait * random.uniform(0.8, 1.2))
                await self.in_thread(close_old_connections)
                wait = min(wait * 2, LONGEST_OUTAGE_WAIT_SECONDS)

    async def in_thread(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run blocking code in this server's own thread, where its database connection lives."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, call, *args)

    def limit_waits(self, connection: Any, **_: Any) -> None:
        """Give this server's PostgreSQL session time limits, so that a frozen peer cannot block redelivery."""
        if connection.vendor == "postgresql" and threading.current_thread().name.startswith(self.channel):
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
                cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_TIMEOUT}'")
