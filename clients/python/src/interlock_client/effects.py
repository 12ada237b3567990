"""What keeps an effect from happening twice when a program runs its step again, after a crash above all."""

from typing import Any
from uuid import uuid5

from interlock_client.asking import NAMESPACE


def key_of_effect(*parts: str) -> str:
    """Return a key that is the same for the same parts, such as the id of a run and of a step in it.

    Send it as the `Idempotency-Key` of a request, or store it with `first_time`.
    """
    return str(uuid5(NAMESPACE, "\n".join(parts)))


def first_time(connection: Any, key: str, *, mark: str = "?") -> bool:
    """Return True the first time that the key is seen; store it in the transaction that is open, with your effect.

    The database has the table `CREATE TABLE interlock_effects (key TEXT PRIMARY KEY)`. `mark` is how the driver writes
    a parameter: `?` for sqlite3, `%s` for psycopg.
    """
    cursor = connection.cursor()
    cursor.execute(f"INSERT INTO interlock_effects (key) VALUES ({mark}) ON CONFLICT DO NOTHING", (key,))
    return bool(cursor.rowcount == 1)
