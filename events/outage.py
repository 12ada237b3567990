"""Remembers that the broker was away a moment ago, so that only one of many callers waits for its time-out."""

import time

# Seconds after an outage during which publications are left to the relay.
LEAVE_ALONE_SECONDS = 5.0


class Outage:
    """The latest broker outage that this process noticed.

    Callers skip the broker until LEAVE_ALONE_SECONDS have passed.
    """

    def __init__(self) -> None:
        self._over_at = 0.0

    def note_outage(self) -> None:
        """Note that the broker was away just now."""
        self._over_at = time.monotonic() + LEAVE_ALONE_SECONDS

    def note_answer(self) -> None:
        """Note that the broker answers."""
        self._over_at = 0.0

    def is_current(self) -> bool:
        """Return True while the broker is probably still away."""
        return time.monotonic() < self._over_at


outage = Outage()
