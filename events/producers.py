"""How often a producer's events were refused lately: whoever sends many that cannot be applied has to wait.

Trying a bad event costs a transaction of its own. Beyond the bound a producer's entries stay pending and are tried
alone, a few between the entries of others; none is lost.
"""

import time
from collections import Counter
from collections.abc import Callable

WINDOW_SECONDS = 60.0
MOST_REFUSED_IN_WINDOW = 100


class RefusedLately:
    """Counts refused events by producer (`source.service`), from one window to the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.ends, self.counts = 0.0, Counter[str]()

    def note(self, producer: str) -> None:
        """Count one more refused event."""
        self._turn()
        self.counts[producer] += 1

    def has_to_wait(self, producer: str) -> bool:
        """Return True if the producer is over the bound."""
        self._turn()
        return self.counts[producer] >= MOST_REFUSED_IN_WINDOW if producer in self.counts else False

    def _turn(self) -> None:
        """Begin a new window where the last is over."""
        if self.clock() >= self.ends:
            self.ends, self.counts = self.clock() + WINDOW_SECONDS, Counter()
