"""Show how far every consumer group has read and what waits in the ledger, or drop a group."""

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

from console.operator import OperatorCommand, current_operator
from events import abandoned, outbox, streams
from events.lost_dispatches import open_dispatches
from events.models import DeadLetter, SetAside
from runtime.abandoned_groups import drop_group

# The pause between two outputs of --watch.
PAUSE_SECONDS = 2.0
# A group whose readers asked for no entries for this long has no reader any more.
QUIET_SECONDS = 60
OWN_GROUPS = (*streams.OWNER_GROUPS, streams.DEAD_LETTERS_GROUP)

logger = logging.getLogger(__name__)


class Command(OperatorCommand):
    help = "Show each stream's length and each group's lag, pending entries and the oldest of them; drop a group."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", nargs="?", choices=["drop"], help="drop: remove a group that nobody reads")
        parser.add_argument("group", nargs="?", help="the group to drop, from all streams of Interlock")
        parser.add_argument("--force", action="store_true", help="drop the group even if a process reads it")
        parser.add_argument("--json", action="store_true", help="print the state as JSON")
        parser.add_argument("--watch", action="store_true", help="show the state again and again, until Ctrl-C")

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
        """Remove the group from every stream that has it, and log how many entries it had not read or not settled.

        Raises CommandError if no stream has the group. Without `force`, also if Interlock needs or a process reads it.
        """
        names = [*streams.own_streams(), settings.DLQ_STREAM]
        matches = [(name, status) for name in names for status in streams.groups(name) if status.name == group]
        if not matches:
            raise CommandError(f"No stream has a group called {group!r}; see `{settings.COMMAND} streams`.")
        if group in OWN_GROUPS and not force:
            raise CommandError(
                f"{group} is not dropped: Interlock itself needs this group. Use --force to drop it all the same."
            )
        idle = [abandoned.idle_seconds(name, group) for name, _ in matches]
        if not force and any(seconds is not None and seconds < QUIET_SECONDS for seconds in idle):
            raise CommandError(f"A process reads group {group} at the moment: stop it first, or use --force.")
        for name, status in matches:
            waiting = f"{status.pending} entries not settled, {status.lag} not read"
            drop_group(name, group, words=waiting)
            message = f"{group} is dropped from {name}: {waiting}."
            logger.warning("%s (by %s)", message, current_operator())
            self.stdout.write(message)

    def show(self, options: dict[str, Any]) -> None:
        """Print the groups of all streams and the counts of the ledger, as a table or as JSON."""
        groups_by_stream = {name: streams.groups(name) for name in [*streams.own_streams(), settings.DLQ_STREAM]}
        waiting = ledger_counts()
        if options["json"]:
            streams_data = {
                name: {"length": streams.length(name), "groups": [asdict(g) for g in groups]}
                for name, groups in groups_by_stream.items()
            }
            self.stdout.write(orjson.dumps({"streams": streams_data, "ledger": waiting}).decode())
            return
        self.console.print(table_of(groups_by_stream))
        self.stdout.write(", ".join(f"{count} {words.replace('_', ' ')}" for words, count in waiting.items()))


def ledger_counts() -> dict[str, int]:
    """Return the numbers of unpublished events, dispatches not begun, projects set aside, and open dead letters."""
    return {
        "events_unpublished": len(outbox.unpublished()),
        "dispatches_not_begun": len(open_dispatches()),
        "projects_set_aside": SetAside.objects.values("project_id").distinct().count(),
        "open_dead_letters": DeadLetter.objects.filter(state=DeadLetter.State.OPEN).count(),
    }


def table_of(groups_by_stream: dict[str, list[streams.GroupStatus]]) -> Table:
    """Return a table with a line for each group of each stream."""
    table = Table(Column("stream", overflow="fold"), Column("group", overflow="fold"))
    for heading in ("length", "lag", "pending", "oldest pending", "consumers"):
        table.add_column(heading, justify="right")
    for name, groups in groups_by_stream.items():
        length = f"{streams.length(name):,}"
        for group in groups:
            lag = "?" if group.lag is None else f"{group.lag:,}"
            readers = "nobody" if abandoned.is_abandoned(name, group) else str(group.consumers)
            table.add_row(name, group.name, length, lag, f"{group.pending:,}", age(group.oldest_pending), readers)
        if not groups:
            table.add_row(name, "–", length, "", "", "", "")
    return table


def age(entry_id: str | None) -> str:
    """Return how long ago an entry was written, in seconds as text, from its id; empty for None."""
    if entry_id is None:
        return ""
    written = datetime.fromtimestamp(streams.position(entry_id)[0] / 1000, UTC)
    return f"{(datetime.now(UTC) - written).total_seconds():,.0f} s"
