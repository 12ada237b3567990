"""How many connections may be held open: for one account, and for all together, in this process.

Whoever waits, follows or listens costs a connection for as long as it likes. A bound an account keeps one from taking
the room of the others; the bound for all keeps them from taking the process.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class NoRoom(Exception):
    """There is no room for another connection."""


class NoRoomForAccount(NoRoom):
    """The account holds as many connections as one account may."""


@dataclass
class ConnectionLimit:
    """Counts the connections that are held; to be used from one event loop."""

    an_account: int
    in_all: int
    held: Counter[int] = field(default_factory=Counter)

    @contextmanager
    def hold(self, account: int) -> Iterator[None]:
        """Count one more connection of the account inside the block. Raises NoRoomForAccount or NoRoom."""
        if self.held[account] >= self.an_account:
            raise NoRoomForAccount
        if self.held.total() >= self.in_all:
            raise NoRoom
        self.held[account] += 1
        try:
            yield
        finally:
            self.held -= Counter({account: 1})
