"""The settings of SQLite, the database where DATABASE_URL names no other."""

from typing import Any


def sqlite_with_durable_writers(database: dict[str, Any]) -> dict[str, Any]:
    """Return the database settings with write-ahead log, IMMEDIATE transactions and full sync.

    Writers wait for each other, up to 30 seconds, instead of failing at once, and a commit is on disk when it returns.
    With recursive triggers, INSERT OR REPLACE fires the triggers that protect records (`events/append_only.py`).
    """
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=30000;"
    pragmas += " PRAGMA recursive_triggers=ON;"
    options = {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": pragmas}
    return {**database, "OPTIONS": {**database.get("OPTIONS", {}), **options}}
