"""Ids that grow with time, so that the rows of one moment lie side by side in the indexes of the database."""

import os
import threading
import time
from uuid import UUID

RANDOM_BYTES = 10
# Ids for which random bytes are fetched at once: to ask the system for each id lets other threads in between each time,
# which cost the orchestrator a twentieth of its time.
FETCHED_IDS = 256


class Fetched(threading.local):
    """Random bytes of this thread that no id has used yet."""

    unused = b""

    def take(self) -> int:
        """Return the random number for one id."""
        if not self.unused:
            self.unused = os.urandom(RANDOM_BYTES * FETCHED_IDS)
        taken, self.unused = self.unused[:RANDOM_BYTES], self.unused[RANDOM_BYTES:]
        return int.from_bytes(taken)

    def forget(self) -> None:
        """Drop the bytes, so that a forked process does not use those of its parent."""
        self.unused = b""


fetched = Fetched()
os.register_at_fork(after_in_child=fetched.forget)


def new_id() -> UUID:
    """Return a new UUID of version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits."""
    milliseconds, random = time.time_ns() // 1_000_000, fetched.take()
    high, low = random >> 68, random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
