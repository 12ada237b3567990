"""Send ready items to their agents."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.management import CommandError

from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import dispatchable_items, load_projects
from backlog.services import dispatch_item
from console.operator import OperatorCommand, row_with_id
from events.clock import database_now
from events.isolation import in_halves
from runtime.commands import at_least_one

# How many items are dispatched in one transaction.
BATCH_SIZE = 200


class Command(OperatorCommand):
    help = "Dispatch items that are ready: all of them, those of a project, or one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", metavar="PROJECT_ID", help="the project's id, or its first characters")
        parser.add_argument("--item", metavar="ITEM_ID", help="the item's id, or its first characters")
        parser.add_argument("--limit", type=at_least_one, help="dispatch at most this many items")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be dispatched")

    def handle(self, *args: Any, **options: Any) -> None:
        project, item = options["project"], options["item"]
        chosen = dispatchable_items(
            database_now(),
            project=row_with_id(Project.objects.all(), project, see="projects").pk if project else None,
            item=row_with_id(Item.objects.all(), item, see="project ID").pk if item else None,
        )[: options["limit"]]
        items = list(chosen.values_list("pk", "project_id", "title", "agent_target"))
        for _, _, title, agent in items:
            self.stdout.write(f"{title} → {agent}")
        if options["dry_run"]:
            self.stdout.write(f"{len(items)} would be dispatched")
        else:
            self.dispatch([(pk, project) for pk, project, _, _ in items])

    def dispatch(self, items: list[tuple[UUID, UUID]]) -> None:
        """Dispatch (item, project) pairs, each item even if others fail. Raises CommandError that names the failed."""
        failed: list[str] = []
        for start in range(0, len(items), BATCH_SIZE):
            batch = items[start : start + BATCH_SIZE]
            in_halves(batch, dispatch_batch, lambda pair, error: failed.append(f"{pair[0]}: {error!r}"))
        self.stdout.write(f"{len(items) - len(failed)} dispatched")
        if failed:
            raise CommandError("\n".join([f"{len(failed)} could not be dispatched:", *failed]))


def dispatch_batch(items: Sequence[tuple[UUID, UUID]]) -> None:
    """Dispatch (item, project) pairs in one transaction; an item that is no longer ready is left out."""
    with project_work(divisible=len(items) > 1) as work:
        load_projects(work, {project for _, project in items})
        for pk, _ in items:
            item = work.loaded(Item, pk)
            if item is not None and item.state == "READY":
                dispatch_item(work, item)
