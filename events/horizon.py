"""Finds how far the ledger is final.

Sequence numbers are taken before the commit, so a row with a lower number may appear after one with a higher number.
"""

import threading
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from events.models import Event
from events.prepared import Fixed

LONGEST_TRANSACTION = timedelta(minutes=1)
NEWEST = Fixed[Any](lambda: Event.objects.order_by("-seq").values("seq")[:1])
# A transaction that inserts into the ledger holds this lock from before it takes a number until it ends.
WRITERS = """
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND relation = %s::regclass
    AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Horizon:
    """The highest number of the ledger that is final: no row with a lower number can appear any more.

    A number is final once every transaction has ended that was writing to the ledger when the number was seen. A fixed
    waiting time would guess the longest transaction, and a wrong guess would lose an event.
    """

    def __init__(self) -> None:
        self.final = self.seen = 0
        self.writers: set[str] = set()

    def look(self) -> int:
        """Return the number up to which the ledger is final now; each call may move it forward."""
        if self.writers:
            self.writers &= writers()
        if not self.writers:
            self.final = self.seen
            # The number is read first: a transaction with a lower number is then among the writers, or has ended.
            seen, open_writers = highest_seq(), writers()
            self.seen, self.writers = seen, open_writers
            self.final = self.final if open_writers else seen
        return self.final


shared_horizon, horizon_lock = Horizon(), threading.Lock()


def final_seq() -> int:
    """Return the number up to which the ledger is final; all threads of this process share one Horizon."""
    with horizon_lock:
        return shared_horizon.look()


def highest_seq() -> int:
    """Return the highest number in the ledger; 0 if it is empty."""
    newest: list[dict[str, int]] = NEWEST.rows()
    return newest[0]["seq"] if newest else 0


def writers() -> set[str]:
    """Return the ids of open transactions that write to the ledger; always empty on SQLite, which has one writer."""
    if connection.vendor == "sqlite":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, [Event._meta.db_table])
        return {row[0] for row in cursor.fetchall()}


def first_seq_since(moment: datetime) -> int:
    """Return a number such that no row with a lower number was recorded after the moment.

    Found by bisection, so that no index on `recorded_at` is needed. Rows are recorded in the order of their numbers,
    except for the time that a transaction may last (LONGEST_TRANSACTION).
    """
    low, high = 0, highest_seq() + 1
    while low < high:
        middle = (low + high) // 2
        row = Event.objects.filter(seq__gte=middle).order_by("seq").values_list("recorded_at", flat=True).first()
        if row is None or row + LONGEST_TRANSACTION > moment:
            high = middle
        else:
            low = middle + 1
    return low
