"""The operator's door: what the person at the terminal can mend ends a command with a sentence, not with a traceback.

`--traceback` shows the traceback all the same.
"""

import os
import sys
from collections.abc import Sequence

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import DatabaseError, OperationalError, ProgrammingError, connection

from console.operator import INTERRUPTED, broker_words
from environment.variables import InvalidVariable
from events.errors import EventError
from events.streams import BROKER_ERRORS
from runtime.embedded import EmbeddedServerError

# How SQLite and PostgreSQL say that the tables are those of another version.
NOT_MIGRATED = ("no such table", "no such column", "does not exist")


def run(argv: Sequence[str]) -> None:
    """Run the command. Raises SystemExit with a sentence for what its user can mend."""
    try:
        settings.ENVIRONMENT.refuse_misspelt()
        execute_from_command_line(list(argv))
    except Exception as error:
        words = sentence(error)
        if words is None or "--traceback" in argv:
            raise
        sys.exit(words)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def sentence(error: Exception) -> str | None:
    """Return what to tell whoever runs the command; None for a fault of ours."""
    if isinstance(error, InvalidVariable | EmbeddedServerError | EventError):
        return str(error)
    if isinstance(error, BROKER_ERRORS):
        return broker_words(error)
    if isinstance(error, EOFError):
        return "Something is asked for at the terminal, and nobody types it: run this in a terminal, or see --help."
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads: `manage.py projects | head -1`
        return ""
    return database_words(error) if isinstance(error, DatabaseError) else None


def database_words(error: DatabaseError) -> str | None:
    """Return what is wrong with the database, and what to do; None for a fault of ours."""
    said = str(error).strip().partition("\n")[0]
    if type(error) in (OperationalError, ProgrammingError) and any(words in said for words in NOT_MIGRATED):
        return f"The database lacks what this version needs ({said}). Run: ./manage.py migrate"
    if connection.vendor == "sqlite" and type(error) in (OperationalError, DatabaseError):
        return f"The database {settings.DATABASES['default']['NAME']} cannot be used: {said}."
    if type(error) is OperationalError:
        return f"The database does not answer ({said}). Is PostgreSQL running where DATABASE_URL says?"
    return None
