"""The common base of the operator's commands: errors become sentences, tables show short ids, users are recorded."""

import getpass
import re
import sys
from typing import IO, TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, QuerySet

from events.errors import EventError
from events.streams import BROKER_ERRORS

if TYPE_CHECKING:
    from rich.console import Console

# The exit code that shells report for a program that Ctrl-C ended.
INTERRUPTED = 130
# How many characters of an id tables show: few enough for 80 columns, and unique in practice (48 random bits).
ID_SHOWN = 13
# A message may quote a long text of a sender; the reason of the error comes at the end of the message.
LONGEST_MESSAGE, LONGEST_ENDING = 1000, 200

# Characters that a terminal would execute as commands (control characters except tab and line feed), and marks that
# reverse the direction of a text.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Row = TypeVar("Row", bound=Model)


class OperatorCommand(BaseCommand):
    """A command that calls services: their errors end it with their message and a non-zero exit code.

    Whatever it prints has no characters that a terminal would execute.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        for name in ("stdout", "stderr"):
            options[name] = PlainStream(options.get(name) or getattr(sys, name))
        try:
            return super().execute(*args, **options)
        except EventError as error:
            raise CommandError(printable_text(shortened_message(str(error)))) from error
        except BROKER_ERRORS as error:
            raise CommandError(broker_message(error)) from error
        except KeyboardInterrupt as interrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from interrupt

    @property
    def console(self) -> "Console":
        """Return a console that prints to the command's output."""
        from console.plain_console import console_on  # where it is needed: no process of the system draws tables

        return console_on(self.stdout)


def shortened_message(text: str) -> str:
    """Return the message; a message longer than LONGEST_MESSAGE loses its middle and keeps its end."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} … {text[-LONGEST_ENDING:]}"


def broker_message(error: Exception) -> str:
    """Return the message for a command that needs the broker and cannot reach it."""
    if settings.EMBEDDED_BROKER:
        return f"The broker does not run. Start the system in another terminal: {settings.COMMAND} up"
    return f"The broker does not answer ({error}). Is it running where REDIS_URL or REDIS_HOST says?"


def printable_text(text: str) -> str:
    """Return the text with dangerous characters (see UNSEEN) replaced by their code points."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class PlainStream:
    """An output whose texts are written with `printable_text`; `terminal` is the output itself."""

    def __init__(self, terminal: IO[str]) -> None:
        self.terminal = terminal

    def write(self, text: str) -> int:
        return self.terminal.write(printable_text(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.terminal, name)


def short_id(pk: Any) -> str:
    """Return the first ID_SHOWN characters of an id."""
    return str(pk)[:ID_SHOWN]


def row_with_id(rows: QuerySet[Row], beginning: str, *, see: str) -> Row:
    """Return the only row whose id begins with these characters.

    Raises CommandError if there is none or more than one; the message names the command `see`, which lists the ids.
    """
    name = rows.model._meta.verbose_name
    matches = list(rows.filter(pk__range=id_range(beginning, see))[:2])
    if len(matches) != 1:
        problem = f"More than one {name}'s id begins" if matches else f"No {name}'s id begins"
        raise CommandError(f"{problem} with {beginning!r}; see `{settings.COMMAND} {see}`.")
    return matches[0]


def id_range(beginning: str, see: str) -> tuple[UUID, UUID]:
    """Return the smallest and the largest id with this beginning. Raises CommandError if it cannot begin an id."""
    digits = beginning.replace("-", "").lower()
    if not digits or set(digits) - set("0123456789abcdef") or len(digits) > 32:
        raise CommandError(f"{beginning!r} is not an id or the beginning of one; see `{settings.COMMAND} {see}`.")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def current_operator() -> str:
    """Return the user who runs the command, for the record."""
    return f"{getpass.getuser()} (command)"
