"""What the operator's commands have in common: a refusal is a sentence, and whoever runs them is on record."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Column

from events.errors import EventError
from events.streams import BROKER_ERRORS


class OperatorCommand(BaseCommand):
    """A command over the services: what they refuse ends it with their message and a failing exit code."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except EventError as error:
            raise CommandError(str(error)) from error
        except BROKER_ERRORS as error:
            raise CommandError(f"The broker does not answer ({error}). Is `manage.py up` running?") from error

    @property
    def console(self) -> Console:
        """A console on the command's own output."""
        output: Any = self.stdout
        return Console(file=output)


def identifier() -> Column:
    """A table's column of ids, whole, so that they can be copied."""
    return Column("id", no_wrap=True, min_width=36)


def operator() -> str:
    """Who runs the command."""
    return f"{getpass.getuser()} (command)"
