"""Deletes rows of the outbox on a thread beside the requests of a web process, those of many commits together.

A row whose events are published is handed over here, instead of being deleted by the request that wrote it: that was a
second commit for each request. A row stays for a moment longer. If the process dies in it, the relay publishes the
events again under the same ids, as it does for a process that dies between its commit and its publication.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

from django.db import connections

from events import bulk, signs, streams
from events.isolation import DATABASE_AWAY
from events.models import Outbox

logger = logging.getLogger(__name__)

# The relay takes a row over after RELAY_GRACE_SECONDS, three seconds: a row must be gone well before.
COLLECT_SECONDS = 0.1
RETRY_SECONDS = 0.5


class Deletion:
    """Deletes the rows that are handed over, until `close`; `owner` is the name under which the process owns them."""

    def __init__(self, owner: str) -> None:
        self.owner, self.process = owner, os.getpid()
        self.handed_over: SimpleQueue[int | None] = SimpleQueue()
        self.thread = threading.Thread(target=self.run, name="outbox", daemon=True)
        self.thread.start()

    def is_running(self) -> bool:
        """Return True if rows can be handed over: in the process that made this, until it is closed."""
        return self.process == os.getpid() and self.thread.is_alive()

    def close(self) -> None:
        """Delete what was handed over, and end the thread."""
        self.handed_over.put(None)
        self.thread.join()

    def run(self) -> None:
        """Wait for rows and delete them, each time those of a moment together; end at None."""
        is_open = True
        try:
            while is_open:
                found = [self.handed_over.get()]
                if found[0] is not None:
                    time.sleep(COLLECT_SECONDS)
                with suppress(Empty):
                    while True:
                        found.append(self.handed_over.get_nowait())
                is_open = None not in found
                self.delete([row for row in found if row is not None], again=is_open)
        finally:
            connections.close_all()

    def delete(self, rows: list[int], *, again: bool) -> None:
        """Delete the rows; try `again` while the database is away, and show meanwhile that their owner lives."""
        while rows:
            try:
                bulk.delete(Outbox, rows)
                return
            except DATABASE_AWAY as error:
                logger.warning("%s rows of the outbox have to wait: %s", len(rows), error)
                connections.close_all()
            if not again:
                return
            with suppress(*streams.BROKER_ERRORS):
                signs.show_life(self.owner)
            time.sleep(RETRY_SECONDS)


# Where this process hands its rows over; None where each is deleted by who wrote it.
current: Deletion | None = None


@contextmanager
def beside_requests(owner: str) -> Iterator[None]:
    """Delete the rows of this process on a thread of their own inside the block."""
    global current
    current = Deletion(owner)
    try:
        yield
    finally:
        closed, current = current, None
        closed.close()
