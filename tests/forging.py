"""What only tests do to records: change and delete them, with the triggers that protect them out of the way."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from events.append_only import create_triggers, drop_all_triggers


@contextmanager
def unprotected() -> Iterator[None]:
    """Let the block change and delete records; they are protected again after it.

    PostgreSQL fires no trigger for a superuser who says so; SQLite has to lose and regain them.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            drop_all_triggers(connection)
            yield
            create_triggers()
        else:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = origin")
