"""How far every group has read, and what waits in the ledger."""

import logging
import time
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import CommandError
from rich.table import Column, Table

from console.operator import OperatorCommand, operator
from events import abandoned, streams
from events.models import DeadLetter, Event, SetAside

# Between two looks of --watch.
PAUSE_SECONDS = 2.0
# A reader that has asked for nothing for so long is gone.
QUIET_SECONDS = 60
OWN_GROUPS = (*streams.OWNER_GROUPS, "dead-letters")

logger = logging.getLogger(__name__)


class Command(OperatorCommand):
    help = "Show each stream's length and each group's lag, pending entries and the oldest of them; drop a group."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=["drop"], help="drop: remove a group that nobody reads")
        parser.add_argument("group", nargs="?", help="the group to drop, from every stream of ours")
        parser.add_argument("--force", action="store_true", help="drop it although somebody reads it")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--watch", action="store_true", help="look again and again, until Ctrl-C")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"]:
            self.drop(options["group"] or "", force=options["force"])
            return
        self.show(options)
        while options["watch"]:
            time.sleep(PAUSE_SECONDS)
            self.console.clear()
            self.show(options)

    def drop(self, group: str, *, force: bool) -> None:
        """Remove the group from every stream that has it. What waited for it is lost to it, and the log says so."""
        names = [*streams.ours(), settings.DLQ_STREAM]
        found = [(name, one) for name in names for one in streams.groups(name) if one.name == group]
        if not found:
            raise CommandError(f"No stream has a group called {group!r}; see `manage.py streams`.")
        if group in OWN_GROUPS and not force:
            raise CommandError(
                f"{group} is a group of Interlock itself: without it nothing goes on. It is not dropped."
            )
        idle = [abandoned.idle_seconds(name, group) for name, _ in found]
        if not force and any(seconds is not None and seconds < QUIET_SECONDS for seconds in idle):
            raise CommandError(f"Somebody reads as {group} now: stop the reader first, or say --force.")
        for name, one in found:
            abandoned.drop_group(name, group)
            said = f"{group} is dropped from {name}: {one.pending} entries were not settled, {one.lag} not read."
            logger.warning("%s (by %s)", said, operator())
            self.stdout.write(said)

    def show(self, options: dict[str, Any]) -> None:
        """One look at everything."""
        found = {name: streams.groups(name) for name in [*streams.ours(), settings.DLQ_STREAM]}
        waiting = what_waits()
        if options["json"]:
            listed = {
                name: {"length": streams.length(name), "groups": [asdict(g) for g in groups]}
                for name, groups in found.items()
            }
            self.stdout.write(orjson.dumps({"streams": listed, "ledger": waiting}).decode())
            return
        self.console.print(table_of(found))
        self.stdout.write(", ".join(f"{count} {words.replace('_', ' ')}" for words, count in waiting.items()))


def what_waits() -> dict[str, int]:
    """What the ledger still has to do."""
    return {
        "events_unpublished": Event.objects.filter(published_at=None).count(),
        "commands_unanswered": Event.objects.filter(next_publish_at__isnull=False).count(),
        "projects_set_aside": SetAside.objects.values("project_id").distinct().count(),
        "open_dead_letters": DeadLetter.objects.filter(state=DeadLetter.State.OPEN).count(),
    }


def table_of(found: dict[str, list[streams.GroupStatus]]) -> Table:
    """A line a group, under its stream."""
    table = Table(Column("stream", overflow="fold"), Column("group", overflow="fold"))
    for heading in ("length", "lag", "pending", "oldest pending", "consumers"):
        table.add_column(heading, justify="right")
    for name, groups in found.items():
        length = f"{streams.length(name):,}"
        for group in groups:
            lag = "?" if group.lag is None else f"{group.lag:,}"
            readers = "nobody" if abandoned.is_abandoned(name, group) else str(group.consumers)
            table.add_row(name, group.name, length, lag, f"{group.pending:,}", age(group.oldest_pending), readers)
        if not groups:
            table.add_row(name, "–", length, "", "", "", "")
    return table


def age(entry_id: str | None) -> str:
    """How long ago an entry was written, by its id."""
    if entry_id is None:
        return ""
    written = datetime.fromtimestamp(streams.position(entry_id)[0] / 1000, UTC)
    return f"{(datetime.now(UTC) - written).total_seconds():,.0f} s"
