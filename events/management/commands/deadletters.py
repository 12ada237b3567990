"""Look at what could not be handled, and settle it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from rich.table import Table

from events import deadletters
from events.management.operator import OperatorCommand, operator
from events.models import DeadLetter

SHOWN = 100
LONGEST_FIELD = 2000


class Command(OperatorCommand):
    help = "List dead letters, show one, put it on its stream again, or discard it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="the open ones, newest first")
        listing.add_argument("--all", action="store_true", help="settled ones too")
        actions.add_parser("show", help="one, whole").add_argument("id", type=int)
        actions.add_parser("replay", help="put them on their stream again").add_argument("ids", type=int, nargs="+")
        discard = actions.add_parser("discard", help="close them for good")
        discard.add_argument("ids", type=int, nargs="+")
        discard.add_argument("--why", default="no reason given", help="kept with the dead letter")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"do_{action}")(**options)

    def do_list(self, *, all: bool, **_: Any) -> None:
        found = DeadLetter.objects.order_by("-pk") if all else DeadLetter.objects.filter(state="open").order_by("-pk")
        table = Table("id", "state", "last seen", "event", "error", "reason")
        for letter in found[:SHOWN]:
            seen = f"{letter.last_seen:%Y-%m-%d %H:%M:%S}"
            reason = letter.reason[:100]
            table.add_row(str(letter.pk), letter.state, seen, letter.event_type, letter.error_class, reason)
        self.console.print(table)
        self.stdout.write(f"{found.count()} dead letters; `deadletters show ID` shows one whole")

    def do_show(self, *, id: int, **_: Any) -> None:
        letter = one(id)
        for name in ("state", "note", "stream", "entry_id", "group", "event_id", "event_type", "reason", "schema_id"):
            self.stdout.write(f"{name + ':':12} {getattr(letter, name)}")
        self.stdout.write(f"{'attempts:':12} {letter.attempts}, from {letter.first_seen} to {letter.last_seen}")
        for field, value in letter.fields.items():
            self.stdout.write(f"field {field!r}: {value[:LONGEST_FIELD]!r}")
        self.stdout.write(letter.trace)

    def do_replay(self, *, ids: list[int], **_: Any) -> None:
        for letter in [one(pk) for pk in ids]:
            self.stdout.write(f"{letter.pk} is on the stream again as {deadletters.replay(letter, by=operator())}")

    def do_discard(self, *, ids: list[int], why: str, **_: Any) -> None:
        for letter in [one(pk) for pk in ids]:
            deadletters.discard(letter, by=operator(), why=why)
            self.stdout.write(f"{letter.pk} is discarded")


def one(pk: int) -> DeadLetter:
    """The dead letter. Raises CommandError."""
    found = DeadLetter.objects.filter(pk=pk).first()
    if found is None:
        raise CommandError(f"There is no dead letter {pk}; see `manage.py deadletters list --all`.")
    return found
