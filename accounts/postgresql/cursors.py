"""Cursors that send with each statement how far it reaches, for this statement's transaction alone.

So nothing is left on a connection for the next request, whoever pools it, and no round trip is added: PostgreSQL gets
both together and executes them in one transaction. In a transaction that goes on, a limit holds until another one is
sent, or until a rollback to a savepoint that was made before it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.pq import PipelineStatus, TransactionStatus

from accounts.postgresql.names import BEGIN, COMMIT, role_of
from accounts.reach import limit_of_statements

FIND_ROLE = """
SELECT rolname FROM pg_roles WHERE rolname = %s AND pg_has_role(session_user, oid, %s)
"""
# Which option of a membership lets one take the role on; from version 16 on it is an option of its own.
SETTING_SINCE, SETTING, MEMBER = 160_000, "SET", "MEMBER"
LIMIT = "SELECT set_config('role', %s, true), set_config('interlock.organisation', %s, true)"
TEXT_OF_LIMIT = "SET LOCAL ROLE {}; SET LOCAL interlock.organisation = {}; "
LIMIT_IN_TEXT = re.compile(r"^SET LOCAL ROLE '[^']*'; SET LOCAL interlock\.organisation = '[^']*'; ")
# The first results of a statement with its limit before it.
RESULTS_OF_LIMIT = 2
Limit = tuple[str, str]
NO_LIMIT: Limit = ("none", "")
# In place of the limit that holds, after a rollback to a savepoint: no limit that is wanted is equal to it.
UNKNOWN: Limit = ("", "")
# What is kept with a connection: the role of its limited statements, and the limit that its transaction holds.
ROLE, HELD = "interlock_role", "interlock_limit"
# How Django's statement for a rollback to a savepoint begins.
ROLLBACK = "ROLLBACK"


def note_role(connection: "psycopg.Connection[Any]") -> None:
    """Keep with the connection which role its limited statements have; "" if the database has none for it."""
    option = SETTING if connection.info.server_version >= SETTING_SINCE else MEMBER
    found = psycopg.Cursor(connection).execute(FIND_ROLE, [role_of(connection.info.user), option]).fetchone()
    connection.rollback()
    setattr(connection, ROLE, found[0] if found else "")


def limit_to_send(connection: "psycopg.Connection[Any]") -> Limit | None:
    """Return (role, number of the organisation) to send before the next statement; None if nothing has to be sent."""
    organisation, held = limit_of_statements(), getattr(connection, HELD, None)
    if organisation is None and held is None:
        return None
    status, role = connection.info.transaction_status, getattr(connection, ROLE, "")
    if status == TransactionStatus.INERROR:  # nothing is executed any more but the rollback
        return None
    if status == TransactionStatus.IDLE and not is_in_pipeline(connection):
        held = None  # it has ended with its transaction
    wanted = (role, str(organisation)) if organisation is not None and role else NO_LIMIT
    is_new = wanted != (held or NO_LIMIT)
    setattr(connection, HELD, wanted if is_new else held)
    return wanted if is_new else None


def note_end(connection: "psycopg.Connection[Any]") -> None:
    """Forget the limit of the last transaction if it has ended; call this before a pipeline, which does not tell."""
    if connection.info.transaction_status == TransactionStatus.IDLE:
        setattr(connection, HELD, None)


def note_rollback(connection: "psycopg.Connection[Any]") -> None:
    """Note that a rollback to a savepoint may bring an earlier limit back, if the transaction has had any."""
    if getattr(connection, HELD, None) is not None:
        setattr(connection, HELD, UNKNOWN)


def is_in_pipeline(connection: "psycopg.Connection[Any]") -> bool:
    """Return True if statements of the connection are sent without waiting for their results."""
    return connection.pgconn.pipeline_status != PipelineStatus.OFF


@contextmanager
def pipeline(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """Send the statements of the block in one pipeline of the driver.

    If the block fails and then the end of the pipeline, too, as on a connection that is cut, the second error is a note
    of the first one: the driver itself would write a line to the log.
    """
    failed: BaseException | None = None
    try:
        with connection.pipeline():
            try:
                yield
            except BaseException as error:
                failed = error
    except psycopg.Error as error:
        if failed is None:
            raise
        failed.add_note(f"The statements that were sent with it failed, too: {error}")
    if failed is not None:
        raise failed


@contextmanager
def limited(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """Send what the block executes together with its limit, if it has one."""
    limit = limit_to_send(connection)
    if limit is None:
        yield
    elif is_in_pipeline(connection):
        psycopg.Cursor(connection).execute(LIMIT, limit)
        yield
    else:
        with connection.pipeline():
            psycopg.Cursor(connection).execute(LIMIT, limit)
            yield


class LimitedCursor(psycopg.ClientCursor[Any]):
    """Django's kind of cursor, which puts values into the text of a statement; the limit goes before it there."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Execute the statement within its limit."""
        if is_in_pipeline(self.connection) or not isinstance(query, str):
            with limited(self.connection):
                return super().execute(query, params, **options)
        if query.startswith(ROLLBACK):
            super().execute(query, params, **options)
            note_rollback(self.connection)
            return self
        limit = limit_to_send(self.connection)
        if limit is None:
            return super().execute(query, params, **options)
        super().execute(self.limited_text(limit, query, has_params=params is not None), params, **options)
        for _ in range(RESULTS_OF_LIMIT):
            self.nextset()
        return self

    def limited_text(self, limit: Limit, query: str, *, has_params: bool) -> str:
        """Return the statement with its limit before it."""
        setting = TEXT_OF_LIMIT.format(*(sql.Literal(part).as_string(self.connection) for part in limit))
        return (setting.replace("%", "%%") if has_params else setting) + query

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        """Execute the statement for each of the parameters, within one limit."""
        with limited(self.connection):
            super().executemany(query, params_seq, **options)


class DirectCursor(psycopg.Cursor[Any]):
    """A cursor for statements of a fixed text, whose values are sent apart from it."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Execute the statement within its limit; what begins and ends a transaction is sent as it is."""
        if query in (BEGIN, COMMIT):
            setattr(self.connection, HELD, None)
            return super().execute(query, params, **options)
        with limited(self.connection):
            return super().execute(query, params, **options)
