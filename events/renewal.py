"""Long work is not dead work: whoever works renews what it holds, and only what nobody renews is taken over.

A worker's entries are pending for as long as its agent runs. Idle time alone would call that dead, so `Renewal` makes
the entries in hand look fresh four times in the time after which a `RenewingServer` takes an entry over. Renewing
counts no delivery. What was taken over meanwhile (this process was frozen) is lost, and `lost` says so: its replies
are not to be sent.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connections

from events import holding
from events.bridge import AWAY, RENEWALS, StreamServer
from events.streams import Entry, Pending

logger = logging.getLogger(__name__)

# However short that time is, the broker is not asked without a pause.
SHORTEST_PAUSE_SECONDS = 0.05


class Renewal:
    """Keeps one consumer's entries from being taken for dead while the block runs.

    `look` is called at each renewal, in the renewal's own thread.
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
        """Ask the broker whether somebody else has the entry now, so that its outcome is theirs to say."""
        self.lost |= holding.taken_over(self.group, self.consumer, [entry])
        return entry.entry_id in self.lost

    def _renew_until_over(self) -> None:
        """Renew again and again; a broker or database that is away is asked again at the next renewal."""
        looked, pause = False, max(settings.RECLAIM_IDLE_SECONDS / RENEWALS, SHORTEST_PAUSE_SECONDS)
        while not self._over.wait(pause):
            looked = True
            try:
                self._renew()
            except AWAY as error:
                logger.warning("%s could not renew what it holds: %s", self.consumer, error)
        if looked:
            connections.close_all()

    def _renew(self) -> None:
        """Renew what is still held, and note what others hold by now."""
        entries = [entry for entry_id, entry in self._held.items() if entry_id not in self.lost]
        if not entries:
            return
        holding.renew_held(self.group, self.consumer, entries)
        self.lost |= holding.taken_over(self.group, self.consumer, entries)
        if self.look:
            self.look()


class RenewingServer(StreamServer):
    """A stream server whose application renews what it holds: nothing that is renewed is ever taken over.

    That goes for its own slot too: an entry under its own name may be in the hands of a process that is just ending.
    """

    async def renew(self, entries: Sequence[Entry]) -> None:
        """Do nothing: the application renews what it holds, since it has to hear what it has lost."""

    @property
    def idle_ms(self) -> int:
        """How long an entry was not renewed when its holder counts as dead."""
        return int(settings.RECLAIM_IDLE_SECONDS * 1000)

    def due_again(self) -> list[Pending]:
        """Pending entries that nobody renews, whosoever they were, less those put off."""
        return self.pending_and_due(idle_ms=self.idle_ms)

    def take_over(self, waiting: Sequence[Pending]) -> list[Entry]:
        """Claim the entries that are still idle; those that are gone from the stream are settled and reported."""
        entries = holding.take_over_idle(self.stream, self.group, self.consumer, waiting, idle_ms=self.idle_ms)
        missing = {p.entry_id for p in waiting} - {e.entry_id for e in entries}
        self.settle_gone(missing - holding.existing(self.stream, missing))
        return entries
