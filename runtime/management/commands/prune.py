"""Delete what is older than it is kept, now; or show what would be deleted."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from accounts.audit import command_name
from events import pruning
from runtime.pruning import Outcome, kinds, prune, weigh

MEGABYTE = 1_000_000


class Command(BaseCommand):
    help = "Delete what is older than the KEEP_…_DAYS settings say; exit code 1 if a kind failed, or another one runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what would be deleted")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, dry_run: bool, json: bool, **options: Any) -> None:
        if not dry_run and not pruning.take_turn():
            raise CommandError(
                f"Another process prunes at the moment: try again when it is done, or in {pruning.TURN_SECONDS} s."
            )
        try:
            outcomes = []
            for outcome in weigh(kinds()) if dry_run else prune(kinds(), by=command_name()):
                outcomes.append(outcome)
                if not json:
                    self.stdout.write(line_of(outcome, would="would delete" if dry_run else "deleted"))
        finally:
            if not dry_run:
                pruning.end_turn()
        if json:
            self.stdout.write(orjson.dumps([asdict(outcome) for outcome in outcomes]).decode())
        if failed := [outcome.name for outcome in outcomes if outcome.error]:
            raise CommandError(f"Not all could be pruned: {', '.join(failed)}. The others are done.")


def line_of(outcome: Outcome, *, would: str) -> str:
    """Return the outcome in one line."""
    if outcome.error:
        return f"{outcome.name:<28}failed: {outcome.error}"
    if not outcome.days:
        return f"{outcome.name:<28}kept for ever"
    megabytes = f", {outcome.removed.bytes / MEGABYTE:,.1f} MB" if outcome.removed.bytes else ""
    words = f"{would} {outcome.removed.rows:,}{megabytes}, in {outcome.seconds:.1f} s"
    return f"{outcome.name:<28}{f'kept for {outcome.days:g} days':<22}{words}"
