"""Cancel an item or a whole project."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from backlog.models import Project
from backlog.selectors import item_in, project_of
from backlog.services import cancel_item, cancel_project
from events.management.operator import OperatorCommand, operator
from events.work import unit_of_work


class Command(OperatorCommand):
    help = "Cancel a project, or an item with everything that depends on it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=UUID, metavar="PROJECT_OR_ITEM_ID")
        parser.add_argument("--reason", default="no reason given", help="kept with what is cancelled")

    def handle(self, *args: Any, id: UUID, reason: str, **options: Any) -> None:
        with unit_of_work() as work:
            if Project.objects.filter(pk=id).exists():
                cancelled = str(cancel_project(work, project_of(work, id), reason=reason, by=operator()))
            else:
                cancelled = str(cancel_item(work, item_in(work, id), reason=reason, by=operator()))
        self.stdout.write(f"{cancelled} is cancelled")
