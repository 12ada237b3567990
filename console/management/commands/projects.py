"""List projects, newest first."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from rich.table import Table

from backlog.selectors import projects_with_counts
from backlog.states import ProjectStatus
from console.operator import OperatorCommand, short_id
from console.plain_console import id_column
from runtime.commands import at_least_one


class Command(OperatorCommand):
    help = "List projects, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--status", choices=ProjectStatus.values, help="list only projects with this status")
        parser.add_argument("--limit", type=at_least_one, default=20, help="list at most this many projects")

    def handle(self, *args: Any, status: str | None, limit: int, **options: Any) -> None:
        projects = projects_with_counts()
        if status:
            projects = projects.filter(status=status)
        table = Table(id_column(), "title", "status", "done", "template", "opened")
        for project in list(projects[:limit]):
            done = f"{project.items_done} of {project.items_total}"
            opened = f"{project.opened_at:%Y-%m-%d %H:%M}"
            words = str(ProjectStatus(project.status).label)
            table.add_row(short_id(project.pk), project.title, words, done, str(project.template), opened)
        if not table.row_count:
            self.stdout.write(f"No projects. Open one: {settings.COMMAND} intake --text … --file …")
            return
        self.console.print(table)
