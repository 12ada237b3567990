"""List the questions to people, newest first."""

from argparse import ArgumentParser
from typing import Any

import orjson
from django.conf import settings
from rich.table import Table

from clarifications.models import QuestionStatus
from clarifications.selectors import questions_with_counts
from clarifications.wording import question_title
from console.operator import OperatorCommand, short_id
from console.plain_console import id_column
from runtime.commands import at_least_one


class Command(OperatorCommand):
    help = "List questions, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--open", action="store_true", help="list only questions that wait for an answer")
        parser.add_argument("--limit", type=at_least_one, default=50, help="list at most this many questions")
        parser.add_argument("--json", action="store_true", help="print the questions as JSON")

    def handle(self, *args: Any, limit: int, **options: Any) -> None:
        rows = list(questions_with_counts(open_only=options["open"])[:limit])
        if options["json"]:
            self.stdout.write(orjson.dumps([as_data(question) for question in rows]).decode())
        elif rows:
            self.console.print(table_of(rows))
            self.stdout.write(f"Answer one: {settings.COMMAND} answer ID VALUE")
        else:
            message = "No question waits for an answer." if options["open"] else "No question has been asked yet."
            self.stdout.write(message)


def table_of(rows: list[Any]) -> Table:
    """Return a table with a line for each question."""
    table = Table(id_column(), "project", "asked", "why", "holds back", "due", "status")
    for question in rows:
        status = str(QuestionStatus(question.status).label)
        status_and_answer = f"{status}: {question.answer.value}" if hasattr(question, "answer") else status
        blocked = f"{question.blocked_items} item{'' if question.blocked_items == 1 else 's'}"
        due = f"{question.due_at:%Y-%m-%d %H:%M}" if question.status == QuestionStatus.OPEN else ""
        about = (question.project.title, question_title(question), question.reason)
        table.add_row(short_id(question.pk), *about, blocked, due, status_and_answer)
    return table


def as_data(question: Any) -> dict[str, Any]:
    """Return a question with its answer as plain data, for JSON."""
    texts: dict[str, Any] = {name: getattr(question, name) for name in ("field", "title", "reason", "schema")}
    about = {"id": question.pk, "project_id": question.project_id, "kind": str(question.kind), **texts}
    answer = question.answer.value if hasattr(question, "answer") else None
    state = {"status": str(question.status), "blocked_items": question.blocked_items, "answer": answer}
    return about | state | {"asked_at": question.asked_at, "due_at": question.due_at}
