"""What people are asked."""

from argparse import ArgumentParser
from typing import Any

from rich.table import Table

from clarifications.models import QuestionStatus
from clarifications.selectors import questions
from events.management.operator import OperatorCommand, identifier


class Command(OperatorCommand):
    help = "List questions, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--open", action="store_true", help="only those that wait for an answer")
        parser.add_argument("--limit", type=int, default=50)

    def handle(self, *args: Any, limit: int, **options: Any) -> None:
        found = list(questions(open_only=options["open"])[:limit])
        table = Table(identifier(), "project", "asked", "why", "holds back", "status")
        for question in found:
            status = QuestionStatus(question.status).label
            said = f"{status}: {question.answer.value}" if hasattr(question, "answer") else status
            held = f"{question.blocked_items} item(s)"
            table.add_row(str(question.pk), question.project.title, question.title, question.reason, held, said)
        if not found:
            self.stdout.write("Nobody is waited for." if options["open"] else "Nothing has been asked.")
            return
        self.console.print(table)
        self.stdout.write("Answer one: manage.py answer ID VALUE")
