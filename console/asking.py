"""A question at the terminal: how a person sees it, and how the answer is given there."""

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
from console.management.commands.answer import meant
from console.operator import operator

# The exit code that says: nothing is wrong, but a person has to answer first.
PERSON_NEEDED = 3


def panel(question: Question, *more: str) -> Panel:
    """The question, why it is asked, what waits for it, and an example of an answer."""
    held = ", ".join(
        f"“{blocking.item.title}”" for blocking in question.blockings.select_related("item").order_by("item__position")
    )
    example = next((f"For example: {value}" for value in question.schema.get("examples", [])), "")
    lines = [question.description, question.reason, f"Waiting for it: {held}", example, *more]
    return Panel(Text("\n".join(filter(None, lines))), title=Text(question.title), border_style="yellow")


def ask(console: Console, question: Question) -> None:
    """Ask until an answer is accepted, this one or somebody else's. Raises CommandError when there is none."""
    console.print(panel(question))
    while True:
        try:
            give(question, typed(console, question), by=operator())
            return
        except (InvalidAnswer, NotesMissing) as error:
            console.print(str(error), style="red")
        except AlreadyClosed as error:
            console.print(str(error), style="yellow")
            return
        except EOFError as error:
            raise CommandError("No answer was given; the question stays open.", returncode=PERSON_NEEDED) from error


def typed(console: Console, question: Question) -> Any:
    """What somebody types; a rejected approval asks what should be done differently."""
    approval = question.kind == Question.Kind.APPROVAL
    answer = meant(question, console.input("Yes or no: " if approval else "Answer: "))
    if approval and answer["approved"] is False:
        answer["notes"] = console.input("What should be done differently? ")
    return answer


def give(question: Question, value: Any, *, by: str) -> None:
    """Answer through the service that every door calls."""
    with project_work() as work:
        answer_question(work, question=question_in(work, question.pk), answer=value, by=by, door="command")
