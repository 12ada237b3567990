"""The database's clock. All deadlines use it, since the clocks of processes may differ."""

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from events.statements import Rows, begun_together, execute, execute_then


def database_now() -> datetime:
    """Return the database server's current time in UTC; SQLite uses the clock of this process."""
    if connection.vendor == "sqlite":
        return timezone.now()
    [[now]] = execute("SELECT clock_timestamp()", [], fetch=True)
    moment: datetime = now
    return moment.astimezone(UTC)


def transaction_begun() -> datetime:
    """Begin the transaction of the atomic block around the call, and return the database's time, as `database_now`.

    One round trip for both. Inside another atomic block the transaction goes on.
    """
    if connection.vendor == "sqlite":
        return timezone.now()
    found: Rows = []
    with begun_together():
        execute_then("SELECT clock_timestamp()", [], found.extend)
    [[now]] = found
    moment: datetime = now
    return moment.astimezone(UTC)
