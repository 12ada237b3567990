"""What is in one state of a database, asked in plain SQL: of a copy, of a snapshot, or of what was just restored.

The tables are those that are there, and not those of the models: a backup may be older than this version.
"""

import re
from collections.abc import Iterator
from typing import Any

# Signed-in sessions are credentials that soon end by themselves: they are in no backup, and people sign in again.
SESSIONS = "django_session"
DATA_KEYS = "encryption_datakey"
ARTIFACT = re.compile(r'"id": ?"([0-9a-f]{64})"')
TABLES = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
}
JSON_COLUMNS = {
    "sqlite": "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c"
    """ WHERE t.type = 'table' AND t.sql LIKE '%JSON_VALID("' || c.name || '")%'""",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = current_schema() AND data_type = 'jsonb'",
}
# The documents that name an artifact; PostgreSQL gives only that part of them, since its answer is kept in memory.
TEXTS_WITH_ARTIFACTS = {
    "sqlite": """SELECT "{column}" FROM "{table}" WHERE "{column}" LIKE '%"media_type"%'""",
    "postgresql": """SELECT DISTINCT (regexp_matches("{column}"::text, '("id": "[0-9a-f]{{64}}")', 'g'))[1]"""
    """ FROM "{table}" WHERE "{column}"::text LIKE '%"media_type"%'""",
}
# Tables whose rows are a person's: with none in any of them, a database holds only what every installation begins with.
OF_PEOPLE = ("accounts_user", "backlog_project", "events_event")


class Contents:
    """Answers questions about the database behind a DB-API connection; `kind` is "sqlite" or "postgresql"."""

    def __init__(self, connection: Any, kind: str) -> None:
        self.connection, self.kind = connection, kind

    def tables(self) -> list[str]:
        """Return the names of all tables, sorted."""
        return sorted(name for (name,) in self.connection.execute(TABLES[self.kind]))

    def counts(self) -> dict[str, int]:
        """Return {table: number of rows}, without the sessions."""
        return {table: self.count(table) for table in self.tables() if table != SESSIONS}

    def count(self, table: str) -> int:
        """Return the number of the table's rows."""
        [number] = self.connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()
        return int(number)

    def is_empty(self) -> bool:
        """Return True if the database holds nothing but what every installation begins with, or no tables at all."""
        tables = self.tables()
        return not any(self.count(table) for table in OF_PEOPLE if table in tables)

    def migrations(self) -> dict[str, list[str]]:
        """Return {app: names of the migrations that were applied}."""
        found: dict[str, list[str]] = {}
        for app, name in self.connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name"):
            found.setdefault(app, []).append(name)
        return found

    def newest_event(self) -> int:
        """Return the number of the newest event; 0 if there is none."""
        [number] = self.connection.execute("SELECT max(seq) FROM events_event").fetchone()
        return int(number or 0)

    def data_keys(self) -> list[tuple[str, bytes]]:
        """Return the data keys of stored secrets, each as (id of the key that sealed it, the sealed key)."""
        if DATA_KEYS not in self.tables():
            return []
        rows = self.connection.execute(f"SELECT wrapped_by, wrapped FROM {DATA_KEYS}").fetchall()
        return [(key_id, bytes(wrapped)) for key_id, wrapped in rows]

    def named_artifacts(self) -> set[str]:
        """Return the ids of all artifacts that a row names."""
        columns = self.connection.execute(JSON_COLUMNS[self.kind]).fetchall()
        return {found for table, column in columns for found in self.artifacts_in(table, column)}

    def artifacts_in(self, table: str, column: str) -> Iterator[str]:
        """Yield the ids of artifacts that this column of JSON names."""
        texts = TEXTS_WITH_ARTIFACTS[self.kind].format(column=column, table=table)
        for (document,) in self.connection.execute(texts):
            yield from ARTIFACT.findall(document)
