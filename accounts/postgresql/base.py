"""The connection of this engine, which Django looks for under this name; `config/settings.py` chooses the engine."""

from contextlib import AbstractContextManager
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.pq import TransactionStatus

from accounts.postgresql.cursors import LIMIT_IN_TEXT, DirectCursor, LimitedCursor, note_end, note_role, pipeline
from accounts.reach import limit_of_statements


class Operations(DatabaseOperations):
    """What Django knows of PostgreSQL; it tells statements without their limit."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """Return the statement for logs."""
        return LIMIT_IN_TEXT.sub("", super().last_executed_query(cursor, sql, params) or "", count=1)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose cursors limit their statements, as `accounts/reach.py` says."""

    ops_class = Operations

    def get_connection_params(self) -> dict[str, Any]:
        """Return the parameters of a connection."""
        parameters: dict[str, Any] = super().get_connection_params()
        return parameters | {"cursor_factory": LimitedCursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> "psycopg.Connection[Any]":
        """Return a new connection, for which is known whether limited statements have a role of their own."""
        connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        note_role(connection)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor. One with a name, which reads in parts, is opened on the server, and cannot be limited."""
        return super().create_cursor(name if limit_of_statements() is None else None)

    def direct_cursor(self) -> DirectCursor:
        """Return a cursor for statements of a fixed text; the connection has to be open."""
        return DirectCursor(self.connection)

    def is_idle(self) -> bool:
        """Return True if the open connection is in no transaction."""
        status = self.connection.info.transaction_status
        return bool(status == TransactionStatus.IDLE)

    def pipeline(self) -> AbstractContextManager[None]:
        """Send the statements of the block in one pipeline of the driver, as `cursors.pipeline`."""
        note_end(self.connection)
        return pipeline(self.connection)
