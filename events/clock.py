"""The database's clock. All deadlines use it, since the clocks of processes may differ."""

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from events.statements import execute


def database_now() -> datetime:
    """Return the database server's current time in UTC; SQLite uses the clock of this process."""
    if connection.vendor == "sqlite":
        return timezone.now()
    [[now]] = execute("SELECT clock_timestamp()", [], fetch=True)
    moment: datetime = now
    return moment.astimezone(UTC)
