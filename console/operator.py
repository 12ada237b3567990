"""What the operator's commands have in common: a refusal is a sentence, and whoever runs them is on record."""

import getpass
import re
from typing import IO, Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, QuerySet
from rich.console import Console
from rich.table import Column
from rich.text import Text

from events.errors import EventError
from events.streams import BROKER_ERRORS

# What a shell reports for a program that Ctrl-C ended.
INTERRUPTED = 130
# Characters of an id that tables show: short enough for 80 columns, and unique in practice (48 random bits).
ID_SHOWN = 13
# A message may quote what somebody sent; what is wrong with it is said at the end.
LONGEST_MESSAGE, LONGEST_ENDING = 1000, 200

# What would give a terminal orders, or turn a text round: control characters but tab and line feed, and such marks.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Row = TypeVar("Row", bound=Model)


class OperatorCommand(BaseCommand):
    """A command over the services: what they refuse ends it with their message and a failing exit code."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except EventError as error:
            raise CommandError(shortened(str(error))) from error
        except BROKER_ERRORS as error:
            raise CommandError(broker_words(error)) from error
        except KeyboardInterrupt as interrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from interrupt

    @property
    def console(self) -> Console:
        """A console on the command's own output."""
        return console_on(self.stdout)


def shortened(text: str) -> str:
    """Return the message without the middle of one that quotes a long text."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} … {text[-LONGEST_ENDING:]}"


def broker_words(error: Exception) -> str:
    """Return what to tell whoever runs a command that needs the broker."""
    if settings.EMBEDDED_BROKER:
        return "The broker does not run. Start the system in another terminal: make up"
    return f"The broker does not answer ({error}). Is it running where REDIS_URL or REDIS_HOST says?"


def console_on(output: Any) -> Console:
    """A console that prints text as it is: brackets and colons in what people wrote are not markup."""
    file: IO[str] = output
    return PlainConsole(file=file, markup=False, emoji=False, highlight=False)


def plain(text: str) -> str:
    """Return the text as a terminal can show it: what would move the cursor, or turn the text round, as its number."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class PlainConsole(Console):
    """A console on which what people wrote cannot give the terminal orders."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(plain(text), **options)


def identifier() -> Column:
    """A table's column of shortened ids; every command takes them so."""
    return Column("id", no_wrap=True, min_width=ID_SHOWN)


def short(pk: Any) -> str:
    """As much of an id as a table shows."""
    return str(pk)[:ID_SHOWN]


def identified(rows: QuerySet[Row], beginning: str, *, see: str) -> Row:
    """The one row whose id begins so. Raises CommandError, which says where to look (`see`)."""
    name = rows.model._meta.verbose_name
    found = list(rows.filter(pk__range=ids_from(beginning, see))[:2])
    if len(found) != 1:
        says = f"More than one {name}'s id begins" if found else f"No {name}'s id begins"
        raise CommandError(f"{says} with {beginning!r}; see `manage.py {see}`.")
    return found[0]


def ids_from(beginning: str, see: str) -> tuple[UUID, UUID]:
    """The least and the greatest id that begin so. Raises CommandError."""
    digits = beginning.replace("-", "").lower()
    if not digits or set(digits) - set("0123456789abcdef") or len(digits) > 32:
        raise CommandError(f"{beginning!r} is no id; see `manage.py {see}`.")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def operator() -> str:
    """Who runs the command."""
    return f"{getpass.getuser()} (command)"
