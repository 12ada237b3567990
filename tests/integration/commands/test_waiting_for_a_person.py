"""`intake --wait`: what happens when only a person can say how it goes on."""

import sys
from collections.abc import Callable

import pytest
from django.core.management import CommandError
from rich.console import Console

from backlog.models import Project
from clarifications.models import Answer, Question
from console import asking
from tests.flows import step, template

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., str]


def needing_a_rate() -> str:
    """A template whose one item needs an hourly rate and nothing else."""
    rate = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0, "examples": [45]}
    needs = {"type": "object", "required": ["hourly_rate"], "properties": {"hourly_rate": rate}}
    return template(step("only", needs=needs))


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody sits at the terminal and types these lines; after them the terminal closes."""

    def types(*lines: str) -> None:
        left = list(lines)

        def next_line(console: Console, prompt: str = "") -> str:
            if not left:
                raise EOFError
            return left.pop(0)

        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(Console, "input", next_line)

    return types


def test_without_a_terminal_it_ends_with_3_and_says_where_to_answer(broker: None, run: Run) -> None:
    with pytest.raises(CommandError, match=r"manage\.py questions --open") as refusal:
        run("intake", "--text", "Where does our time go?", "--template", needing_a_rate(), "--wait")
    assert refusal.value.returncode == asking.PERSON_NEEDED == 3
    assert Project.objects.get().status == "WAITING"


def test_at_a_terminal_it_asks_again_until_the_answer_fits(broker: None, run: Run, typing: Callable[..., None]) -> None:
    typing("a lot", "-1", "45")
    with pytest.raises(CommandError, match="not over after 0"):
        run("intake", "--text", "Where to?", "--template", needing_a_rate(), "--wait", "--timeout", "0")
    assert Answer.objects.get().value == 45
    assert Answer.objects.get().door == "command"
    assert Project.objects.get().items.get().state == "IN_PROGRESS"


def test_a_terminal_that_closes_leaves_the_question_open(broker: None, run: Run, typing: Callable[..., None]) -> None:
    typing()
    with pytest.raises(CommandError, match="stays open") as refusal:
        run("intake", "--text", "Where does our time go?", "--template", needing_a_rate(), "--wait")
    assert refusal.value.returncode == 3
    assert Question.objects.get().status == "OPEN"


def test_a_rejection_at_a_terminal_asks_what_should_be_done_differently(
    broker: None, run: Run, typing: Callable[..., None]
) -> None:
    run("intake", "--text", "Go.", "--template", template(step("only", approval="before")), "--requester", "dana")
    typing("no", "", "no", "Ask the team first.")
    asking.ask_until_answered(Console(), Question.objects.get())
    assert Answer.objects.get().value == {"approved": False, "notes": "Ask the team first."}


def test_a_question_somebody_else_has_answered_is_not_asked_again(
    broker: None, run: Run, typing: Callable[..., None]
) -> None:
    run("intake", "--text", "Where does our time go?", "--template", needing_a_rate())
    question = Question.objects.get()
    run("answer", question.pk, "45", "--by", "dana")
    typing("46")
    asking.ask_until_answered(Console(), question)
    assert Answer.objects.get().value == 45
