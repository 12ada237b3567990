"""A project for which the clock fails costs the others nothing: it is set aside, shown, and tried again."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.db.models import F
from pytest_django import Settings

from backlog.blueprints import definition_of
from backlog.flow import due
from backlog.models import Item, Project, Template
from backlog.states import ItemState, ProjectStatus
from clarifications import silence
from clarifications.models import Question
from events import rounds
from events.clock import database_now
from events.models import SetAside
from tests.flows import dispatch_of, failed, opened, put, request, step, tell, template
from tests.system import run_to_rest

pytestmark = [pytest.mark.spine, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

RATE = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number", "default": 40}}}


def overdue(*projects: Project) -> None:
    """Their items are past their deadline."""
    Item.objects.filter(project__in=projects, state=ItemState.IN_PROGRESS).update(
        deadline_at=database_now() - timedelta(days=1)
    )


def spoil(project: Project) -> None:
    """The project's template cannot be read any more, as after a release that is stricter."""
    spoiled = Template.objects.create(name=f"old-{project.pk.hex[:8]}", version=1, definition={"items": "many"})
    Project.objects.filter(pk=project.pk).update(template=spoiled)


def many(count: int, **item: Any) -> list[Project]:
    """Projects of one template, each with an item under way."""
    name = template(step("only", max_attempts=1, done_when={"deliverable": "report"}, **item))
    events = [request(name) for _ in range(count)]
    put(*events)
    run_to_rest()
    return list(Project.objects.filter(pk__in=[e["payload"]["project_id"] for e in events]))


@pytest.mark.both
def test_deadlines_of_the_others_are_kept_and_the_bad_project_is_shown() -> None:
    good, bad = many(20), opened(step("only", timeout_seconds=1))
    overdue(*good, bad)
    Item.objects.filter(project=bad).update(held_for="deliverable")
    spoil(bad)
    due.do_what_is_due()
    assert set(Item.objects.filter(project__in=good).values_list("failures", flat=True)) == {1}
    row = SetAside.objects.get()
    assert (row.project_id, row.round, row.failures) == (bad.pk, due.ROUND_NAME, 1)
    assert "InvalidTemplate" in row.reason


@contextmanager
def row_held(project: Project) -> Iterator[None]:
    """PostgreSQL: another connection holds the project's row, longer than this one waits for a lock."""
    with closing(connections["default"].copy()) as other, other.cursor() as cursor, connection.cursor() as own:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM backlog_project WHERE id = %s FOR UPDATE", [project.pk])
        own.execute("SET lock_timeout = '200ms'")
        try:
            yield
        finally:
            own.execute("RESET lock_timeout")
            cursor.execute("ROLLBACK")


@contextmanager
def all_held(_project: Project) -> Iterator[None]:
    """SQLite: another connection holds the whole database, which knows no lock of one row."""
    with closing(connections["default"].copy()) as other, other.cursor() as cursor, connection.cursor() as own:
        cursor.execute("BEGIN IMMEDIATE")
        own.execute("PRAGMA busy_timeout = 200")
        try:
            with pytest.raises(OperationalError, match="locked"):
                yield
        finally:
            cursor.execute("ROLLBACK")


# Where one project can be held it costs the others nothing; where only all can be held, no project is to blame.
HOLD, BLAMED = {"postgresql": (row_held, 1), "sqlite": (all_held, 0)}[connection.vendor]


@pytest.mark.both
def test_a_project_that_somebody_holds_locked_costs_the_others_nothing() -> None:
    good, held = many(5), opened(step("only", timeout_seconds=1))
    overdue(*good, held)
    with HOLD(held):
        due.do_what_is_due()
    assert set(Item.objects.filter(project__in=good).values_list("failures", flat=True)) == {BLAMED}
    reasons = list(SetAside.objects.filter(project_id=held.pk).values_list("reason", flat=True))
    assert ["Another session holds a lock on it" in reason for reason in reasons] == [True] * BLAMED
    assert SetAside.objects.count() == BLAMED


def test_the_bad_project_does_not_come_first_again_until_its_pause_is_over() -> None:
    bad = opened()
    overdue(bad)
    Item.objects.update(held_for="deliverable")
    spoil(bad)
    due.do_what_is_due()
    due.do_what_is_due()
    assert SetAside.objects.get().failures == 1
    rounds.retry_now(SetAside.objects.get())
    due.do_what_is_due()
    row = SetAside.objects.get()
    assert row.failures == 2
    assert row.next_try_at - row.last_seen == timedelta(seconds=2 * rounds.FIRST_PAUSE_SECONDS)


def test_a_project_that_works_again_is_set_aside_no_longer() -> None:
    bad = opened()
    before = bad.template
    overdue(bad)
    Item.objects.update(held_for="deliverable")
    spoil(bad)
    due.do_what_is_due()
    Project.objects.update(template=before)
    rounds.retry_now(SetAside.objects.get())
    definition_of.cache_clear()
    due.do_what_is_due()
    assert not SetAside.objects.exists()


def test_silence_of_the_others_is_acted_upon_too() -> None:
    asked = {"silence": {"due_seconds": 100, "then": "default"}}
    good, bad = opened(step("only", needs=RATE), **asked), opened(step("only", needs=RATE), **asked)
    moved = {name: F(name) - timedelta(seconds=101) for name in ("due_at", "next_step_at")}
    Question.objects.update(**moved)
    spoil(bad)
    silence.act_on_silence()
    assert Question.objects.get(project=good).status == "ANSWERED"
    assert SetAside.objects.get().project_id == bad.pk


def test_reasons_too_long_for_one_event_are_cut_and_the_project_fails() -> None:
    project = opened(step("a", max_attempts=1), step("b", max_attempts=1), step("c", max_attempts=1))
    for key in "ab":
        tell(failed(dispatch_of(project, key), "x" * 20_000))
    overdue(project)
    due.do_what_is_due()
    found = Project.objects.get()
    assert found.status == ProjectStatus.FAILED
    assert len(found.reason) <= 20_000
    assert "C: Its deadline passed" in found.reason
    assert not SetAside.objects.exists()


def test_among_500_the_good_ones_are_on_time(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    projects = many(500)
    took = {}
    for bad in (0, 5):
        Item.objects.update(state=ItemState.IN_PROGRESS, failures=0, held_for="deliverable", evidence={})
        Project.objects.update(status=ProjectStatus.OPEN)
        SetAside.objects.all().delete()
        overdue(*projects)
        for project in projects[:bad]:
            spoil(project)
        begun = time.monotonic()
        for _ in range(3):
            due.do_what_is_due()
        took[bad] = time.monotonic() - begun
        assert Item.objects.filter(project__in=projects[bad:], failures=1).count() == 500 - bad
    assert SetAside.objects.count() == 5
    with capsys.disabled():
        ratio = took[5] / took[0]
        print(f"\n500 overdue projects: {took[0]:.2f} s; with 5 that fail {took[5]:.2f} s, {ratio:.2f} times")  # noqa: T201


def test_the_command_dispatches_the_others_and_names_the_bad_one() -> None:
    good, bad = (opened(step("only", auto_dispatch=False)) for _ in range(2))
    spoil(bad)
    said = StringIO()
    with pytest.raises(CommandError, match=f"1 could not be dispatched:\n{bad.items.get().pk}"):
        call_command("dispatch", stdout=said)
    assert "1 dispatched" in said.getvalue()
    assert good.items.get().state == ItemState.IN_PROGRESS
