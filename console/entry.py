"""The entry point of the command line: an error that the user can repair ends it with a sentence, not a traceback.

`--traceback` shows the traceback nevertheless.
"""

import os
import sys
from collections.abc import Sequence

from django.conf import settings
from django.db import DatabaseError, OperationalError, ProgrammingError, connection

from console.command_line import CommandLine
from console.operator import INTERRUPTED, broker_message
from environment.variables import Environment, InvalidVariable
from events.errors import EventError
from events.streams import BROKER_ERRORS
from runtime.embedded import EmbeddedServerError

# Parts of the messages of SQLite and PostgreSQL if tables or columns of this version are missing.
NOT_MIGRATED = ("no such table", "no such column", "does not exist")


def run(argv: Sequence[str]) -> None:
    """Run the command. Raises SystemExit with a sentence for an error that the user can repair."""
    try:
        require_own_settings()
        if argv[1:2] != ["doctor"]:  # which tells of all of them
            settings.ENVIRONMENT.refuse_misspelt()
        CommandLine(list(argv)).execute()
    except Exception as error:
        words = message_for_error(error)
        if words is None or "--traceback" in argv:
            raise
        sys.exit(words)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def require_own_settings() -> None:
    """Raise InvalidVariable if DJANGO_SETTINGS_MODULE, which a shell may have set, names another project's settings."""
    name = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        is_own = isinstance(getattr(settings, "ENVIRONMENT", None), Environment)
    except ImportError:
        if name == "config.settings":
            raise
        is_own = False
    if not is_own:
        raise InvalidVariable(f"DJANGO_SETTINGS_MODULE names {name}, which are not Interlock's settings: unset it.")


def message_for_error(error: Exception) -> str | None:
    """Return the message for the person who runs the command; None for a fault in Interlock's own code."""
    if isinstance(error, InvalidVariable | EmbeddedServerError | EventError):
        return str(error)
    if isinstance(error, BROKER_ERRORS):
        return broker_message(error)
    if isinstance(error, EOFError):
        return "The command waits for input, but there is none: run it in a terminal, or see --help for its options."
    if isinstance(error, BrokenPipeError):
        # The reader of the output has ended, as in `interlock projects | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ""
    return database_message(error) if isinstance(error, DatabaseError) else None


def database_message(error: DatabaseError) -> str | None:
    """Return what is wrong with the database and what to do; None for a fault in Interlock's own code."""
    reason = str(error).strip().partition("\n")[0]
    if type(error) in (OperationalError, ProgrammingError) and any(words in reason for words in NOT_MIGRATED):
        return f"The database does not have the tables of this version ({reason}). Run: {settings.COMMAND} migrate"
    if connection.vendor == "sqlite" and type(error) in (OperationalError, DatabaseError):
        return f"The database {settings.DATABASES['default']['NAME']} cannot be used: {reason}."
    if type(error) is OperationalError:
        return f"The database does not answer ({reason}). Is PostgreSQL running where DATABASE_URL says?"
    return None
