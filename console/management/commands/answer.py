"""Answer a question."""

from argparse import ArgumentParser
from typing import Any

from backlog.flow.orchestration import project_work
from clarifications.models import Question
from clarifications.selectors import question_in
from clarifications.services import answer_question
from clarifications.votes import settled_words
from console.operator import OperatorCommand, current_operator, row_with_id
from schemas import strict_json

YES, NO = ("yes", "approve", "true"), ("no", "reject", "false")


class Command(OperatorCommand):
    help = "Answer a question. An answer that does not fit the question is refused and changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="QUESTION_ID", help="the question's id, or its first characters")
        parser.add_argument("value", help="the answer: JSON or plain text; yes or no for an approval")
        parser.add_argument("--notes", default="", help="with a rejection: what should be done differently")
        parser.add_argument("--by", default="", help="the person who answers, if not the user who runs this command")

    def handle(self, *args: Any, id: str, value: str, notes: str, by: str, **options: Any) -> None:
        chosen = row_with_id(Question.objects.all(), id, see="questions --open")
        with project_work() as work:
            question = question_in(work, chosen.pk)
            blocked = [str(item) for item in question.blocked] if question.status == "OPEN" else []
            answer = parse_answer(question, value, notes)
            answer_question(work, question=question, answer=answer, by=by or current_operator(), door="command")
        words = f"Answered: {question.title} → {answer!r}. Items that waited: {', '.join(blocked) or 'none'}"
        self.stdout.write(settled_words(question, words))


def parse_answer(question: Question, text: str, notes: str = "") -> Any:
    """Return the answer that a typed text means, by the kind and the schema of the question."""
    return approval(text, notes) if question.kind == Question.Kind.APPROVAL else parse_value(text, question.schema)


def parse_value(text: str, schema: dict[str, Any]) -> Any:
    """Return the text itself if the schema asks for a string or the text is no JSON; else its JSON value."""
    if schema.get("type") == "string":
        return text
    try:
        return strict_json.loads(text)
    except strict_json.InvalidJson:
        return text


def approval(text: str, notes: str) -> Any:
    """Return an approval's answer {approved, notes}; any other word than yes or no stays, for the service to refuse."""
    word = text.strip().lower()
    answer: Any = {"approved": word in YES} if word in (*YES, *NO) else {"approved": text}
    return {**answer, "notes": notes} if notes else answer
