"""List, show, replay and discard dead letters."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from rich.table import Table

from console.operator import OperatorCommand, current_operator
from events import deadletters
from events.models import DeadLetter
from runtime.commands import at_least_one

SHOWN = 100
LONGEST_FIELD = 2000
LONGEST_REASON = 100


class Command(OperatorCommand):
    help = "List dead letters, show one, put it on its stream again, or discard it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="list the open dead letters, newest first")
        listing.add_argument("--all", action="store_true", help="list settled dead letters too")
        actions.add_parser("show", help="show one dead letter completely").add_argument("id", type=at_least_one)
        replay = actions.add_parser("replay", help="put dead letters on their stream again")
        replay.add_argument("ids", type=at_least_one, nargs="*")
        replay.add_argument("--all-open", action="store_true", help="replay every open dead letter")
        replay.add_argument(
            "--reason-contains",
            default="",
            metavar="TEXT",
            help="with --all-open: those with TEXT in their reason",
        )
        replay.add_argument("--dry-run", action="store_true", help="only show what would be replayed")
        discard = actions.add_parser("discard", help="close dead letters for good, without handling them")
        discard.add_argument("ids", type=at_least_one, nargs="+")
        discard.add_argument("--why", default="no reason given", help="the reason, stored with the dead letter")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"do_{action}")(**options)

    def do_list(self, *, all: bool, **_: Any) -> None:
        letters = DeadLetter.objects.order_by("-pk") if all else DeadLetter.objects.filter(state="open").order_by("-pk")
        table = Table("id", "state", "last seen", "event", "error", "reason")
        for letter in letters[:SHOWN]:
            seen = f"{letter.last_seen:%Y-%m-%d %H:%M:%S}"
            reason = letter.reason[:LONGEST_REASON]
            table.add_row(str(letter.pk), letter.state, seen, letter.event_type, letter.error_class, reason)
        if table.row_count:
            self.console.print(table)
        self.stdout.write(f"{letters.count()} dead letters; `deadletters show ID` shows one with all its fields")

    def do_show(self, *, id: int, **_: Any) -> None:
        letter = dead_letter(id)
        for name in ("state", "note", "stream", "entry_id", "group", "event_id", "event_type", "reason", "schema_id"):
            self.stdout.write(f"{name + ':':12} {getattr(letter, name)}")
        self.stdout.write(f"{'attempts:':12} {letter.attempts}, from {letter.first_seen} to {letter.last_seen}")
        for field, value in letter.fields.items():
            self.stdout.write(f"field {field!r}: {value[:LONGEST_FIELD]!r}")
        self.stdout.write(letter.trace)

    def do_replay(self, *, dry_run: bool, **chosen: Any) -> None:
        letters = chosen_letters(**chosen)
        for letter in letters:
            done = "would be" if dry_run else f"is, as {deadletters.replay(letter, by=current_operator())},"
            self.stdout.write(f"{letter.pk} {done} on the stream again: {letter.reason[:LONGEST_REASON]}")
        self.stdout.write(f"{len(letters)} dead letters {'would be ' if dry_run else ''}replayed")

    def do_discard(self, *, ids: list[int], why: str, **_: Any) -> None:
        for letter in [dead_letter(pk) for pk in ids]:
            deadletters.discard(letter, by=current_operator(), why=why)
            self.stdout.write(f"{letter.pk} is discarded")


def chosen_letters(*, ids: list[int], all_open: bool, reason_contains: str, **_: Any) -> list[DeadLetter]:
    """Return the dead letters with these ids, or all open ones with that text in their reason, oldest first.

    Raises CommandError for an unknown id or for options that do not fit together.
    """
    if bool(ids) == all_open or (reason_contains and not all_open):
        raise CommandError(
            "Give either ids of dead letters or --all-open; --reason-contains TEXT can be used only with --all-open."
        )
    if ids:
        return [dead_letter(pk) for pk in ids]
    open_letters = DeadLetter.objects.filter(state=DeadLetter.State.OPEN, reason__icontains=reason_contains)
    return list(open_letters.order_by("pk"))


def dead_letter(pk: int) -> DeadLetter:
    """Return the dead letter. Raises CommandError if there is none with this id."""
    letter = DeadLetter.objects.filter(pk=pk).first()
    if letter is None:
        raise CommandError(f"There is no dead letter {pk}; see `{settings.COMMAND} deadletters list --all`.")
    return letter
