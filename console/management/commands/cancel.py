"""Cancel an item or a whole project."""

from argparse import ArgumentParser
from typing import Any

from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from backlog.selectors import item_in, project_of
from backlog.services import cancel_item, cancel_project
from console.operator import OperatorCommand, current_operator, id_range, row_with_id


class Command(OperatorCommand):
    help = "Cancel a project, or an item with everything that depends on it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="PROJECT_OR_ITEM_ID", help="the id, or its first characters")
        parser.add_argument("--reason", default="no reason given", help="stored with what is cancelled")

    def handle(self, *args: Any, id: str, reason: str, **options: Any) -> None:
        if Project.objects.filter(pk__range=id_range(id, "projects")).exists():
            project = row_with_id(Project.objects.all(), id, see="projects")
            with project_work() as work:
                cancelled = str(
                    cancel_project(work, project_of(work, project.pk), reason=reason, by=current_operator())
                )
        else:
            item = row_with_id(Item.objects.all(), id, see="project ID")
            with project_work() as work:
                cancelled = str(cancel_item(work, item_in(work, item.pk), reason=reason, by=current_operator()))
        self.stdout.write(f"{cancelled} is cancelled")
