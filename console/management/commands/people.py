"""Export everything about a person, or erase the person."""

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import CommandError

from accounts.memberships import other_accounts
from accounts.models import User
from console.operator import OperatorCommand
from console.other_accounts import in_words
from privacy.erasing import erase_person
from privacy.exporting import exported
from privacy.words import tombstone_of


class Command(OperatorCommand):
    help = (
        "Export everything that is stored about a person, or erase the person: names and addresses become tombstones."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        export = actions.add_parser("export", help="write everything about a person as JSON")
        export.add_argument("--output", type=Path, metavar="FILE", help="write to this file, and not to the terminal")
        erase = actions.add_parser("erase", help="take the names and addresses of a person out of everything")
        erase.add_argument("--reason", default="", help="why; it is kept with the erasure")
        erase.add_argument("--dry-run", action="store_true", help="only show how much names the person")
        erase.add_argument("--yes", action="store_true", help="do not ask whether to erase")
        erase.add_argument("--json", action="store_true", help="print the result as JSON")
        for action in (export, erase):
            action.add_argument("name", help="the name of the account")
            action.add_argument(
                "--also", action="append", default=[], metavar="TEXT", help="another text that names the person"
            )

    def handle(self, *args: Any, action: str, name: str, **options: Any) -> None:
        person = User.objects.filter(username=name).first()
        if person is None:
            raise CommandError(f"There is no account {name}.")
        getattr(self, action)(person, **options)

    def export(self, person: User, *, output: Path | None, also: list[str], **options: Any) -> None:
        """Write everything about the person."""
        if output is None:
            for part in exported(person, also):
                self.stdout.write(part.decode(), ending="")
            return
        with output.open("xb") as file:
            file.writelines(exported(person, also))
        self.stdout.write(f"{output}: everything about {person}, {output.stat().st_size:,} bytes.")

    def erase(self, person: User, *, reason: str, also: list[str], **options: Any) -> None:
        """Erase the person after a question, and show what was changed."""
        name, dry_run, others = person.get_username(), options["dry_run"], in_words(other_accounts(person))
        if not dry_run and not options["yes"]:
            self.confirm(name)
        counts = Counter[str]()
        for what, count in erase_person(
            person, by=None, reason=reason or "dry run" * dry_run, also=also, dry_run=dry_run
        ):
            counts[what] += count
        if options["json"]:
            self.stdout.write(orjson.dumps({"dry_run": dry_run, "counts": +counts}).decode())
            return
        for what, count in sorted((+counts).items()):
            self.stdout.write(f"{what:<32}{count:>10,}")
        done = "would become" if dry_run else "is now"
        self.stdout.write(f"{name} {done} {tombstone_of(person)}. Backups made before still hold the names.{others}")

    def confirm(self, name: str) -> None:
        """Ask for the name once more. Raises CommandError unless it is typed."""
        if not sys.stdin.isatty():
            raise CommandError("There is nobody to ask: say --yes, after a look at --dry-run.")
        words = (
            f"Names and addresses of {name} are deleted for good. `{settings.COMMAND} people erase {name} --dry-run`"
        )
        if input(f"{words} shows what. Type the name to go on: ").strip() != name:
            raise CommandError("Nothing was changed.")
