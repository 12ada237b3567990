"""What people wrote is shown as they wrote it, whatever a terminal library would make of it."""

import io
import sys
from collections import Counter
from collections.abc import Callable

import pytest
from django.core.management import CommandError
from rich.panel import Panel
from rich.text import Text

from backlog.models import Project
from clarifications.models import Question
from console.asking import question_panel
from console.plain_console import console_on
from console.report_view import report_parts
from events.models import DeadLetter
from tests.flows import deliverable, dispatch_of, envelope, opened, reply, step, tell

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., str]
ODD = "[/x] [red]now[/red] :smile:"


def test_brackets_and_colons_in_titles_and_reasons_are_no_markup(broker: None, run: Run) -> None:
    project = opened(step("only", title=ODD), title=ODD)
    run("cancel", project.pk, "--reason", ODD)
    assert ODD in run("projects")
    assert run("project", project.pk).count(ODD) >= 3


def test_brackets_in_a_question_are_no_markup(broker: None, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    rate = {"type": "string", "title": ODD, "description": ODD, "examples": ["[/b]"]}
    opened(step("only", needs={"type": "object", "required": ["x"], "properties": {"x": rate}}))
    assert ODD in run("questions", "--open")
    console_on(sys.stdout).print(question_panel(Question.objects.get()))
    shown = capsys.readouterr().out
    assert shown.count(ODD) >= 2
    assert "[/b]" in shown


def test_brackets_in_a_dead_letter_are_no_markup(broker: None, run: Run) -> None:
    tell(envelope(ODD, {}))
    assert DeadLetter.objects.count() == 1
    assert ODD in run("deadletters", "list")


def test_brackets_in_a_deliverable_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    line = {"category": ODD, "minutes": 60, "hours": 1, "share_percent": 100}
    cluster = {"count": 2, "sample_text": ODD, "fingerprint": "x"}
    console_on(sys.stdout).print(
        report_parts(
            ODD,
            {
                "time_waste_analysis": {"total_minutes": 60, "total_hours": 1, "breakdown": [line]},
                "friction_analysis": {"recurring_share": 100, "total_rows": 2, "clusters": [cluster]},
                "with_agent_scenario": {"summary": ODD},
            },
        )
    )
    assert capsys.readouterr().out.count(ODD) == 4


def test_a_terminal_says_of_an_open_point_what_the_report_says(capsys: pytest.CaptureFixture[str]) -> None:
    content = {"requirements": [{"number": 1, "text": "Costs"}], "open_points": ["Where does our month go?"]}
    console_on(sys.stdout).print(report_parts("Report", {"requirements_analysis": content}))
    assert "Not answered by this report: Where does our month go?" in capsys.readouterr().out


def test_a_foreign_deliverable_of_another_shape_does_not_hide_the_report(broker: None, run: Run) -> None:
    project = opened(step("only"))
    tell(reply(dispatch_of(project), "DELIVERABLE.PUBLISHED", deliverable("cost_analysis", total="plenty")))
    assert "cost_analysis has another shape" in run("project", project.pk)


def test_of_17_ids_two_begin_alike_and_the_command_asks_for_more(broker: None, run: Run) -> None:
    for _ in range(17):
        opened(step("only"))
    first_digits = Counter(str(pk)[0] for pk in Project.objects.values_list("pk", flat=True))
    with pytest.raises(CommandError, match="More than one project"):
        run("project", first_digits.most_common(1)[0][0])


ORDERS = "\x1b]0;owned\x07 \x1b[31mred \u202egnp.exe \x9b31m"


def test_no_command_hands_a_terminal_the_orders_in_a_text(broker: None, run: Run) -> None:
    project = opened(step("only"))
    fields = {"shape": {"type": "string", "title": ORDERS, "maxLength": 5}}
    tell(reply(dispatch_of(project), "CLARIFICATION.NEEDED", {"reason": ORDERS, "fields": fields}))
    tell(envelope(ORDERS, {}))
    question, letter = Question.objects.get(), DeadLetter.objects.get()
    with pytest.raises(CommandError) as refused:
        run("answer", question.pk, "far too long")
    printed = [str(refused.value), run("questions"), run("project", project.pk), run("deadletters", "show", letter.pk)]
    printed += [run("answer", question.pk, "short"), run("questions"), run("deadletters", "discard", letter.pk)]
    assert not set("".join(printed)) & set("\x1b\x07\x9b\u202e")


def test_a_styled_text_gives_a_terminal_no_orders_either() -> None:
    out = io.StringIO()
    console_on(out).print(Text(ORDERS, style="red"), Panel(Text(ORDERS), title=Text(ORDERS)))
    assert not set(out.getvalue()) & set("\x1b\x07\x9b\u202e")
