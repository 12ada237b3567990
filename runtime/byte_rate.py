"""Bounds how many bytes of bodies one web process receives in a second, so that uploads leave the pages their time."""

import asyncio

# What arrives meanwhile is received in one part: many small ones would cost the event loop more than their bytes do.
SHORTEST_WAIT_SECONDS = 0.02


class ByteRate:
    """A rate that all callers of one process share: who received bytes waits before receiving more.

    After a pause, `burst` bytes come without another wait than the shortest. Those who wait are let on in the order in
    which they came.
    """

    def __init__(self, bytes_a_second: int, burst: int) -> None:
        self.bytes_a_second, self.burst_seconds = bytes_a_second, burst / bytes_a_second
        self.paid_until = 0.0

    async def pay(self, size: int) -> float:
        """Count bytes that were received, wait as long as they take, and return the seconds that were waited."""
        now = asyncio.get_running_loop().time()
        self.paid_until = max(self.paid_until, now - self.burst_seconds) + size / self.bytes_a_second
        seconds = max(self.paid_until - now, SHORTEST_WAIT_SECONDS)
        await asyncio.sleep(seconds)
        return seconds
