"""Whether the broker was away a moment ago: of many callers of a process one waits for its time-out, not each."""

import time

# After an outage the next publication is left to the relay for so long.
LEAVE_ALONE_SECONDS = 5.0


class Outage:
    """When this process last met a broker that was away: until a while has passed nobody else waits for it."""

    def __init__(self) -> None:
        self._over_at = 0.0

    def met(self) -> None:
        """Note that the broker was away just now."""
        self._over_at = time.monotonic() + LEAVE_ALONE_SECONDS

    def over(self) -> None:
        """Note that the broker answers."""
        self._over_at = 0.0

    def lasts(self) -> bool:
        """Return True while the broker is likely to be away still."""
        return time.monotonic() < self._over_at


outage = Outage()
