"""How far every group has read, and what waits in the ledger."""

import time
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import orjson
from django.conf import settings
from rich.table import Column, Table

from events import streams
from events.management.operator import OperatorCommand
from events.models import DeadLetter, Event, SetAside

# Between two looks of --watch.
PAUSE_SECONDS = 2.0


class Command(OperatorCommand):
    help = "Show each stream's length and each group's lag, pending entries and the oldest of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--watch", action="store_true", help="look again and again, until Ctrl-C")

    def handle(self, *args: Any, **options: Any) -> None:
        self.show(options)
        while options["watch"]:
            time.sleep(PAUSE_SECONDS)
            self.console.clear()
            self.show(options)

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
            table.add_row(
                name, group.name, length, lag, f"{group.pending:,}", age(group.oldest_pending), str(group.consumers)
            )
        if not groups:
            table.add_row(name, "–", length, "", "", "", "")
    return table


def age(entry_id: str | None) -> str:
    """How long ago an entry was written, by its id."""
    if entry_id is None:
        return ""
    written = datetime.fromtimestamp(streams.position(entry_id)[0] / 1000, UTC)
    return f"{(datetime.now(UTC) - written).total_seconds():,.0f} s"
