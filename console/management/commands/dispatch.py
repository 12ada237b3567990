"""Send ready items to their agents."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.management import CommandError

from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import dispatchable, load_projects
from backlog.services import dispatch_item
from console.operator import OperatorCommand, identified
from events.clock import database_now
from events.isolation import in_halves
from runtime.commands import at_least_one

# Items one transaction takes.
ROUND = 200


class Command(OperatorCommand):
    help = "Dispatch items that are ready: all of them, those of a project, or one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", metavar="PROJECT_ID", help="the id, or enough of its beginning")
        parser.add_argument("--item", metavar="ITEM_ID", help="the id, or enough of its beginning")
        parser.add_argument("--limit", type=at_least_one, help="at most so many items")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be dispatched")

    def handle(self, *args: Any, **options: Any) -> None:
        project, item = options["project"], options["item"]
        chosen = dispatchable(
            database_now(),
            project=identified(Project.objects.all(), project, see="projects").pk if project else None,
            item=identified(Item.objects.all(), item, see="project ID").pk if item else None,
        )[: options["limit"]]
        items = list(chosen.values_list("pk", "project_id", "title", "agent_target"))
        for _, _, title, agent in items:
            self.stdout.write(f"{title} → {agent}")
        if options["dry_run"]:
            self.stdout.write(f"{len(items)} would be dispatched")
        else:
            self.dispatch([(pk, project) for pk, project, _, _ in items])

    def dispatch(self, items: list[tuple[UUID, UUID]]) -> None:
        """Dispatch (item, project) pairs; those that cannot be dispatched are named and cost the others nothing."""
        bad: list[str] = []
        for start in range(0, len(items), ROUND):
            in_halves(items[start : start + ROUND], send, lambda one, error: bad.append(f"{one[0]}: {error!r}"))
        self.stdout.write(f"{len(items) - len(bad)} dispatched")
        if bad:
            raise CommandError("\n".join([f"{len(bad)} could not be dispatched:", *bad]))


def send(items: Sequence[tuple[UUID, UUID]]) -> None:
    """Dispatch these in one transaction; what changed meanwhile is judged anew."""
    with project_work(divisible=len(items) > 1) as work:
        load_projects(work, {project for _, project in items})
        for pk, _ in items:
            item = work.known(Item, pk)
            if item is not None and item.state == "READY":
                dispatch_item(work, item)
