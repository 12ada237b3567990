"""Renews entries while their work runs: only entries that nobody renews are taken over.

A worker's entries are pending for as long as its agent runs, so idle time alone would make live work look dead. A
`Renewal` resets the idle time of its entries four times within the time after which a `RenewingServer` takes an entry
over. Renewing does not count a delivery. Entries that were taken over meanwhile (because this process was frozen) are
in `lost`: their replies must not be sent.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connections

from environment import heartbeat
from events import holding
from events.bridge import AWAY_ERRORS, RENEWALS_PER_IDLE_TIME, StreamServer, loop_name
from events.streams import Entry, Pending

logger = logging.getLogger(__name__)

# Shortest pause between two renewals, however short RECLAIM_IDLE_SECONDS is.
SHORTEST_PAUSE_SECONDS = 0.05


class Renewal:
    """Renews one consumer's entries in a thread of its own while the block runs.

    `look` is called after each renewal, in that thread.
    """

    def __init__(
        self,
        group: str,
        consumer: str,
        entries: Sequence[Entry],
        *,
        look: Callable[[], object] | None = None,
    ) -> None:
        self.group, self.consumer, self.look = group, consumer, look
        self.loop = loop_name(entries[0].stream if entries else "", consumer)
        self.lost: set[str] = set()
        self._held = {entry.entry_id: entry for entry in entries}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_over, name="renewal", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def is_lost(self, entry: Entry) -> bool:
        """Ask the broker whether another consumer has the entry now: then only that consumer may report its outcome."""
        self.lost |= holding.entries_taken_over(self.group, self.consumer, [entry])
        return entry.entry_id in self.lost

    def _renew_until_over(self) -> None:
        """Renew at intervals until the block ends; an absent broker or database is tried again at the next renewal."""
        has_renewed, pause = False, max(settings.RECLAIM_IDLE_SECONDS / RENEWALS_PER_IDLE_TIME, SHORTEST_PAUSE_SECONDS)
        while not self._over.wait(pause):
            has_renewed = True
            heartbeat.turn(self.loop)
            try:
                self._renew()
            except AWAY_ERRORS as error:
                logger.warning("%s could not renew what it holds: %s", self.consumer, error)
        if has_renewed:
            connections.close_all()

    def _renew(self) -> None:
        """Renew the entries that are still held, and note those that were taken over."""
        entries = [entry for entry_id, entry in self._held.items() if entry_id not in self.lost]
        if not entries:
            return
        holding.renew_held(self.group, self.consumer, entries)
        self.lost |= holding.entries_taken_over(self.group, self.consumer, entries)
        if self.look:
            self.look()


class RenewingServer(StreamServer):
    """A stream server whose application renews its entries; entries that are renewed are never taken over.

    This includes entries of its own slot: a process that is just ending may still work on an entry under the same name.
    """

    async def renew(self, entries: Sequence[Entry]) -> None:
        """Do nothing: the application renews its entries, since it has to learn which of them it has lost."""

    @property
    def idle_ms(self) -> int:
        """Return the milliseconds without renewal after which an entry's holder counts as dead."""
        return int(settings.RECLAIM_IDLE_SECONDS * 1000)

    def due_again(self) -> list[Pending]:
        """Return pending entries that nobody renews, of any consumer, without those whose next attempt is later."""
        return self.pending_and_due(idle_ms=self.idle_ms)

    def take_over(self, waiting: Sequence[Pending]) -> list[Entry]:
        """Claim and return the entries that are still idle; entries gone from the stream are settled and reported."""
        entries = holding.take_over_idle(self.stream, self.group, self.consumer, waiting, idle_ms=self.idle_ms)
        missing = {p.entry_id for p in waiting} - {e.entry_id for e in entries}
        self.settle_gone(missing - holding.existing_entries(self.stream, missing))
        return entries
