"""How far the ledger is final: numbers are taken before commit, so a lower one may appear after a higher one."""

import threading
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max

from events.models import Event

LONGEST_TRANSACTION = timedelta(minutes=1)
# Whoever inserts into the ledger holds this lock from before it takes a number until it has committed or not.
WRITERS = """
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND relation = %s::regclass
    AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Horizon:
    """The number up to which the ledger cannot change any more; it moves with each look.

    A number is final once every transaction has ended that wrote to the ledger when the number was seen. A grace
    in seconds would be a guess about the longest transaction, and a guess that fails loses an event for good.
    """

    def __init__(self) -> None:
        self.final = self.seen = 0
        self.writers: set[str] = set()

    def look(self) -> int:
        """The number up to which the ledger is final now."""
        if self.writers:
            self.writers &= writers()
        if not self.writers:
            self.final = self.seen
            # The number first: who took a lower one before it was read is among the writers, or has ended.
            seen, at_work = newest(), writers()
            self.seen, self.writers = seen, at_work
            self.final = self.final if at_work else seen
        return self.final


SHARED, LOOKING = Horizon(), threading.Lock()


def final_now() -> int:
    """The number up to which the ledger is final, as all threads of this process see it."""
    with LOOKING:
        return SHARED.look()


def newest() -> int:
    """The highest number in the ledger."""
    found: int | None = Event.objects.aggregate(newest=Max("seq"))["newest"]
    return found or 0


def writers() -> set[str]:
    """The transactions under way that write to the ledger; on SQLite one writer ends before the next begins."""
    if connection.vendor == "sqlite":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, [Event._meta.db_table])
        return {row[0] for row in cursor.fetchall()}


def first_since(moment: datetime) -> int:
    """A number before which nothing was recorded after the moment, found by bisection: no index has to be kept for it.

    Rows are recorded in the order of their numbers, give or take how long a transaction lasts.
    """
    low, high = 0, newest() + 1
    while low < high:
        middle = (low + high) // 2
        row = Event.objects.filter(seq__gte=middle).order_by("seq").values_list("recorded_at", flat=True).first()
        if row is None or row + LONGEST_TRANSACTION > moment:
            high = middle
        else:
            low = middle + 1
    return low
