"""Answer a question."""

from argparse import ArgumentParser
from typing import Any

from backlog.flow.orchestration import project_work
from clarifications.models import Question
from clarifications.selectors import question_in
from clarifications.services import answer_question
from console.operator import OperatorCommand, identified, operator
from schemas import strict_json

YES, NO = ("yes", "approve", "true"), ("no", "reject", "false")


class Command(OperatorCommand):
    help = "Answer a question; an answer that does not fit is refused and changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="QUESTION_ID", help="the id, or enough of its beginning")
        parser.add_argument("value", help="JSON, or plain text; yes or no for an approval")
        parser.add_argument("--notes", default="", help="with a rejection: what should be done differently")
        parser.add_argument("--by", default="", help="who says so, if not whoever runs this")

    def handle(self, *args: Any, id: str, value: str, notes: str, by: str, **options: Any) -> None:
        chosen = identified(Question.objects.all(), id, see="questions --open")
        with project_work() as work:
            question = question_in(work, chosen.pk)
            held = [str(item) for item in question.blocked] if question.status == "OPEN" else []
            said = meant(question, value, notes)
            answer_question(work, question=question, answer=said, by=by or operator(), door="command")
        self.stdout.write(f"Answered: {question.title} → {said!r}. Going on: {', '.join(held) or 'nothing waited'}")


def meant(question: Question, text: str, notes: str = "") -> Any:
    """The answer that somebody means by this text, given what is asked."""
    return approval(text, notes) if question.kind == Question.Kind.APPROVAL else read(text, question.schema)


def read(text: str, schema: dict[str, Any]) -> Any:
    """The value that the text means: itself where text is asked for, JSON elsewhere."""
    if schema.get("type") == "string":
        return text
    try:
        return strict_json.loads(text)
    except strict_json.InvalidJson:
        return text


def approval(text: str, notes: str) -> Any:
    """An approval's answer: yes or no, with notes."""
    word = text.strip().lower()
    said: Any = {"approved": word in YES} if word in (*YES, *NO) else {"approved": text}
    return {**said, "notes": notes} if notes else said
