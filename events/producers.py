"""Counts refused events by producer: a producer that sends many events that cannot be applied has to wait.

To try a bad event costs a transaction of its own. Above the bound, a producer's entries stay pending and are tried
alone, a few at a time between the entries of others; none is lost.
"""

import time
from collections import Counter
from collections.abc import Callable

WINDOW_SECONDS = 60.0
MOST_REFUSED_IN_WINDOW = 100


class RefusedLately:
    """Counts refused events by producer (`source.service`) in windows of WINDOW_SECONDS."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.ends, self.counts = 0.0, Counter[str]()

    def note(self, producer: str) -> None:
        """Count one more refused event of the producer."""
        self._begin_window_if_over()
        self.counts[producer] += 1

    def has_to_wait(self, producer: str) -> bool:
        """Return True if the producer had MOST_REFUSED_IN_WINDOW or more refused events in this window."""
        self._begin_window_if_over()
        return self.counts[producer] >= MOST_REFUSED_IN_WINDOW if producer in self.counts else False

    def _begin_window_if_over(self) -> None:
        """Begin a new window if the present one is over."""
        if self.clock() >= self.ends:
            self.ends, self.counts = self.clock() + WINDOW_SECONDS, Counter()
