"""Show one project: its items, its questions, its timeline and its report."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.conf import settings
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from backlog.models import Project
from backlog.selectors import latest_deliverables, project_events
from backlog.states import ItemState, ProjectStatus
from clarifications.models import Question, QuestionStatus
from clarifications.wording import title_in_words
from console.operator import OperatorCommand, row_with_id, short_id
from console.outcome import project_outcome
from console.plain_console import id_column
from console.report_view import report_parts
from pages.phrases import warning_in_words

TIMELINE_SHOWN = 200


class Command(OperatorCommand):
    help = "Show a project: items, questions, timeline, report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="PROJECT_ID", help="the project's id, or its first characters")
        parser.add_argument("--json", action="store_true", help="print the project as JSON")

    def handle(self, *args: Any, id: str, **options: Any) -> None:
        project = row_with_id(Project.objects.all(), id, see="projects")
        if options["json"]:
            self.stdout.write(orjson.dumps(project_outcome(project)).decode())
            return
        show(self.console, project)


def show(console: Console, project: Project) -> None:
    """Print the project's status, items, questions, timeline, warnings about its file, and report."""
    console.print(Text.assemble((project.title, "bold"), f"  {ProjectStatus(project.status).label}  {project.pk}"))
    if project.reason:
        console.print(project.reason, style="red")
    if project.archive is not None:
        show = f"{settings.COMMAND} archive show --project {project.pk}"
        console.print(f"Its events are archived in {project.archive}: {show}")
    for table in (item_table(project), question_table(project), timeline_table(project)):
        if table.row_count:
            console.print(table)
    for warning in project.intake.get("warnings", [])[:20]:
        console.print(f"row {warning['row']}: {warning_in_words(warning)}", style="yellow")
    delivered = {kind: d.content for kind, d in latest_deliverables(project.pk).items()}
    if delivered:
        console.print(report_parts(project.title, delivered))


def item_table(project: Project) -> Table:
    """Return the table of the project's items."""
    table = Table(
        "item",
        id_column(),
        Column("agent", overflow="fold"),
        "state",
        "tries",
        "why",
        title="Items",
        title_justify="left",
    )
    for item in project.items.order_by("position"):
        words = str(ItemState(item.state).label)
        table.add_row(item.title, short_id(item.pk), item.agent_target, words, str(item.attempts), item.reason)
    return table


def question_table(project: Project) -> Table:
    """Return the table of the project's questions with their answers, oldest first."""
    table = Table("asked", id_column(), "why", "status", "answer", title="Questions", title_justify="left")
    for question in Question.objects.filter(project=project).select_related("answer").order_by("asked_at"):
        answer = f"{question.answer.value} ({question.answer.answered_by})" if hasattr(question, "answer") else ""
        status = str(QuestionStatus(question.status).label)
        table.add_row(
            title_in_words(question.schema, question.title), short_id(question.pk), question.reason, status, answer
        )
    return table


def timeline_table(project: Project) -> Table:
    """Return the table of the project's first TIMELINE_SHOWN events, oldest first."""
    table = Table("time", "event", "about", title="What happened", title_justify="left")
    for event in project_events(project.pk)[:TIMELINE_SHOWN]:
        about = event.payload.get("key") or event.payload.get("field") or event.payload.get("agent_target") or ""
        words = event.type.split(".", 1)[1].replace("_", " ").capitalize()
        table.add_row(f"{event.timestamp:%H:%M:%S.%f}"[:-3], words, str(about))
    return table
