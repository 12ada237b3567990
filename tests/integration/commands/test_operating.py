"""The operator's commands, each over the same services as every other door."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError

from backlog.models import Item, Project
from clarifications.models import Question
from console.operator import short_id
from events import streams
from events.models import DeadLetter
from tests.flows import answer, opened, put, step
from tests.system import run_to_rest

pytestmark = pytest.mark.django_db(transaction=True)

Run = Callable[..., str]

SHEET = "Task,Category,Minutes\nMatch payments,Receivable,90\nFile receipts,Expenses,a while\nClose month,Close,2h\n"


def manual() -> Project:
    """A project whose one item waits to be dispatched by hand."""
    return opened(step("only", auto_dispatch=False))


def test_intake_opens_a_project_and_says_what_could_not_be_read_and_what_is_asked(
    broker: None, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "team.csv").write_text(SHEET)
    said = run("intake", "--title", "Team", "--file", tmp_path / "team.csv", "--set", "period.type=week")
    project = Project.objects.get(title="Team")
    assert str(project.pk) in said
    assert "3 rows read" in said
    assert "row 3: " in said
    assert f"manage.py answer {short_id(Question.objects.get().pk)} VALUE" in said
    assert project.context.data["period"] == {"type": "week"}
    assert [row["estimated_minutes"] for row in project.context.data["rows"]] == [90, None, 120]


def test_intake_stores_a_large_sheet_and_sends_a_reference(
    broker: None, tmp_path: Path, settings: Any, run: Run
) -> None:
    settings.CLAIM_CHECK_BYTES = 100
    (tmp_path / "team.csv").write_text(SHEET)
    run("intake", "--file", tmp_path / "team.csv")
    data = Project.objects.get().context.data
    assert data["rows"] == []
    assert data["rows_ref"]["rows"] == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--text"),
        (("--file", "nowhere.csv"), "nowhere.csv"),
        (("--text", "Do it all.", "--template", "nonsense"), "There is no template"),
    ],
)
def test_an_intake_that_cannot_be_says_what_to_do_and_opens_nothing(
    arguments: tuple[str, ...], says: str, run: Run
) -> None:
    with pytest.raises(CommandError, match=says):
        run("intake", *arguments)
    assert not Project.objects.exists()


def test_a_figure_without_a_value_is_refused(run: Run) -> None:
    with pytest.raises(CommandError, match="KEY=VALUE"):
        run("intake", "--text", "Do it.", "--set", "hourly_rate")


def test_waiting_in_vain_fails_with_what_the_project_waits_for(broker: None, run: Run) -> None:
    with pytest.raises(CommandError, match="not over after 0"):
        run("intake", "--text", "Where does our time go?", "--wait", "--timeout", 0)


def test_a_question_is_listed_and_answered_once(broker: None, run: Run) -> None:
    run("intake", "--text", "Where does our time go?")
    question = Question.objects.get()
    assert short_id(question.pk) in run("questions", "--open")
    with pytest.raises(CommandError, match="Please enter a number"):
        run("answer", question.pk, "abc")
    assert "Analyse what it costs" in run("answer", question.pk, "45", "--by", "dana")
    with pytest.raises(CommandError, match="answered by dana with 45"):
        run("answer", question.pk, "46")
    assert "No question waits for an answer" in run("questions", "--open")
    assert "Answered: 45" in run("questions")


def test_an_approval_is_answered_with_yes_or_no_and_notes(broker: None, run: Run) -> None:
    project = opened(step("only", approval="before"))
    with pytest.raises(CommandError, match="done differently"):
        run("answer", Question.objects.get().pk, "no")
    run("answer", Question.objects.get().pk, "no", "--notes", "Later, please.")
    again = Question.objects.get(status="OPEN")
    run("answer", again.pk, "yes")
    assert project.items.get().state == "IN_PROGRESS"
    assert project.items.get().notes == ["Later, please."]


def test_projects_and_project_show_what_is_going_on(broker: None, run: Run) -> None:
    assert "No projects" in run("projects")
    project = manual()
    assert short_id(project.pk) in run("projects", "--status", "OPEN")
    shown = run("project", str(project.pk)[:8])
    assert "Only" in shown
    assert "Item created" in shown
    told = orjson.loads(run("project", project.pk, "--json"))
    assert told["items"] == [{"key": "only", "agent": "foreign_worker", "status": "READY", "attempts": 0}]


@pytest.mark.parametrize("beginning", ["zz", "", "0" * 40, "ffffffff"])
def test_a_project_that_is_not_there_is_said_so(beginning: str, run: Run) -> None:
    with pytest.raises(CommandError, match=r"manage\.py projects"):
        run("project", beginning)


def test_dispatch_sends_ready_items_and_a_dry_run_only_shows_them(broker: None, run: Run) -> None:
    project = manual()
    assert "1 would be dispatched" in run("dispatch", "--dry-run")
    assert project.items.get().state == "READY"
    assert "1 dispatched" in run("dispatch", "--project", project.pk)
    assert project.items.get().state == "IN_PROGRESS"
    assert "0 dispatched" in run("dispatch")


def test_cancel_takes_an_item_or_a_project_and_retry_only_what_failed(broker: None, run: Run) -> None:
    project = opened(step("one"), step("two"))
    one, two = project.items.order_by("position")
    run("cancel", one.pk, "--reason", "not needed")
    assert Item.objects.get(pk=one.pk).state == "CANCELLED"
    with pytest.raises(CommandError, match="cannot become “Ready”"):
        run("retry", two.pk)
    run("cancel", project.pk)
    assert Project.objects.get().status == "CANCELLED"
    with pytest.raises(CommandError, match="No item's id begins"):
        run("cancel", project.correlation_id)


def test_waive_needs_finished_work(broker: None, run: Run) -> None:
    with pytest.raises(CommandError, match="nothing to waive"):
        run("waive", manual().items.get().pk, "--reason", "good enough")


def test_dead_letters_are_listed_shown_replayed_once_and_discarded(broker: None, run: Run) -> None:
    put(b"not json", b"not json either")
    run_to_rest()
    first, second = DeadLetter.objects.order_by("pk")
    assert "2 dead letters" in run("deadletters", "list")
    assert "b'not json'" in run("deadletters", "show", first.pk)
    assert "on the stream again" in run("deadletters", "replay", first.pk)
    with pytest.raises(CommandError, match="settled before"):
        run("deadletters", "replay", first.pk)
    run("deadletters", "discard", second.pk, "--why", "a test")
    assert "0 dead letters" in run("deadletters", "list")
    with pytest.raises(CommandError, match="There is no dead letter"):
        run("deadletters", "show", 999)


def test_streams_shows_each_groups_lag_and_what_waits_in_the_ledger(broker: None, run: Run) -> None:
    manual()
    shown = run("streams")
    assert "orchestrator" in shown
    assert "0 events unpublished" in shown
    told = orjson.loads(run("streams", "--json"))
    assert {g["name"] for g in told["streams"]["audit:events"]["groups"]} == set(streams.OWNER_GROUPS)


def test_an_answer_by_another_door_is_seen_by_the_commands(broker: None, run: Run) -> None:
    run("intake", "--text", "Where does our time go?")
    answer(Question.objects.get(), 45)
    assert "Answered: 45" in run("questions")
