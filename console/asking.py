"""Ask a question at the terminal: show it, read the person's answer, submit the answer."""

from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from backlog.flow.orchestration import project_work
from clarifications.errors import AlreadyClosed, InvalidAnswer, NotesMissing
from clarifications.models import Question
from clarifications.selectors import question_in
from clarifications.services import answer_question
from clarifications.wording import choices_in_words, question_title
from console.management.commands.answer import parse_answer
from console.operator import current_operator

# The exit code of a command that is no failure, but that waits for a person's answer.
PERSON_NEEDED = 3


def question_panel(question: Question, *more: str) -> Panel:
    """Return the question with its reason, the items that wait for it, an example of an answer, and `more` lines."""
    blocked = ", ".join(
        f"“{blocking.item.title}”" for blocking in question.blockings.select_related("item").order_by("item__position")
    )
    example = next((f"For example: {value}" for value in question.schema.get("examples", [])), "")
    choices = [f"{value}: {words}" for value, words in choices_in_words(question.schema)]
    lines = [question.description, *choices, question.reason, f"Waiting for it: {blocked}", example, *more]
    return Panel(Text("\n".join(filter(None, lines))), title=Text(question_title(question)), border_style="yellow")


def ask_until_answered(console: Console, question: Question) -> None:
    """Ask until an answer is accepted, from this terminal or from elsewhere. Raises CommandError if input ends."""
    console.print(question_panel(question))
    while True:
        try:
            submit_answer(question, read_answer(console, question), by=current_operator())
            return
        except (InvalidAnswer, NotesMissing) as error:
            console.print(str(error), style="red")
        except AlreadyClosed as error:
            console.print(str(error), style="yellow")
            return
        except EOFError as error:
            raise CommandError("No answer was typed, so the question stays open.", returncode=PERSON_NEEDED) from error


def read_answer(console: Console, question: Question) -> Any:
    """Return the answer that the person types; a rejection also asks what should be done differently."""
    approval = question.kind == Question.Kind.APPROVAL
    answer = parse_answer(question, console.input("Yes or no: " if approval else "Answer: "))
    if approval and answer["approved"] is False:
        answer["notes"] = console.input("What should be done differently? ")
    return answer


def submit_answer(question: Question, value: Any, *, by: str) -> None:
    """Answer the question through the same service as pages and REST. Raises ClarificationError if it is refused."""
    with project_work() as work:
        answer_question(work, question=question_in(work, question.pk), answer=value, by=by, door="command")
