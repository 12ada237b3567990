"""What people are asked."""

from argparse import ArgumentParser
from typing import Any

import orjson
from rich.table import Table

from clarifications.models import QuestionStatus
from clarifications.selectors import questions
from console.operator import OperatorCommand, identifier, short
from runtime.commands import at_least_one


class Command(OperatorCommand):
    help = "List questions, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--open", action="store_true", help="only those that wait for an answer")
        parser.add_argument("--limit", type=at_least_one, default=50)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, limit: int, **options: Any) -> None:
        found = list(questions(open_only=options["open"])[:limit])
        if options["json"]:
            self.stdout.write(orjson.dumps([told(question) for question in found]).decode())
        elif found:
            self.console.print(table_of(found))
            self.stdout.write("Answer one: ./manage.py answer ID VALUE")
        else:
            self.stdout.write("Nobody is waited for." if options["open"] else "Nothing has been asked.")


def table_of(found: list[Any]) -> Table:
    """A line a question."""
    table = Table(identifier(), "project", "asked", "why", "holds back", "due", "status")
    for question in found:
        status = str(QuestionStatus(question.status).label)
        said = f"{status}: {question.answer.value}" if hasattr(question, "answer") else status
        held = f"{question.blocked_items} item{'' if question.blocked_items == 1 else 's'}"
        due = f"{question.due_at:%Y-%m-%d %H:%M}" if question.status == QuestionStatus.OPEN else ""
        table.add_row(short(question.pk), question.project.title, question.title, question.reason, held, due, said)
    return table


def told(question: Any) -> dict[str, Any]:
    """A question as plain data."""
    named: dict[str, Any] = {name: getattr(question, name) for name in ("field", "title", "reason", "schema")}
    about = {"id": question.pk, "project_id": question.project_id, "kind": str(question.kind), **named}
    answer = question.answer.value if hasattr(question, "answer") else None
    standing = {"status": str(question.status), "blocked_items": question.blocked_items, "answer": answer}
    return about | standing | {"asked_at": question.asked_at, "due_at": question.due_at}
