"""Limits of long-lived connections in this process: for each account, and for all accounts together.

A call that waits for work, or follows events, may hold its connection for as long as it likes. The limit for each
account protects the other accounts; the limit for all protects the process.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class NoRoom(Exception):
    """The process holds as many connections as it may."""


class NoRoomForAccount(NoRoom):
    """The account holds as many connections as one account may."""


class NoRoomForOrganisation(NoRoom):
    """The organisation holds as many connections as its quota allows, whatever their kinds."""


@dataclass
class ConnectionLimit:
    """Counts the connections that are held; for use in one event loop only."""

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


@dataclass
class OrganisationPlaces:
    """Counts the connections of each organisation, of every kind together; for use in one event loop only."""

    held: Counter[int] = field(default_factory=Counter)

    @contextmanager
    def hold(self, organisation: int, most: int | None) -> Iterator[None]:
        """Count one more connection of the organisation inside the block. Raises NoRoomForOrganisation above `most`."""
        if most is not None and self.held[organisation] >= most:
            raise NoRoomForOrganisation
        self.held[organisation] += 1
        try:
            yield
        finally:
            self.held -= Counter({organisation: 1})


organisation_places = OrganisationPlaces()
