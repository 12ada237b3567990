"""What commands that serve have in common, and the types of commands' arguments."""

import math
from argparse import ArgumentTypeError

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor


class ServerCommand(BaseCommand):
    """A command that serves until it is stopped; on the command line it begins only with a migrated database."""

    def run_from_argv(self, argv: list[str]) -> None:
        if not {"-h", "--help"} & set(argv):
            require_migrated()
        super().run_from_argv(argv)


def require_migrated() -> None:
    """Raise SystemExit if the database lacks migrations; one that is away is waited for by whoever needs it."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError:
        return
    finally:
        connection.close()
    if missing:
        raise SystemExit(f"The database lacks {len(missing)} migrations. Run: ./manage.py migrate")


def at_least_one(text: str) -> int:
    """An argument that counts something."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def seconds(text: str) -> float:
    """An argument that is a time in seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds, such as 600")
    return number
