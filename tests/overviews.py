"""Rows for the staff's home, and what it shows of them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from backlog.models import Item, Project, Template
from clarifications.models import Question
from events.models import DeadLetter
from staff.overview import overview_for
from staff.overview_parts import Figure, Overview


def seen(name: str = "ann") -> Overview:
    """The overview of somebody who is there."""
    return overview_for(User.objects.get(username=name))


def page(client: Client) -> str:
    """The home page."""
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return response.content.decode()


def texts(figures: list[Figure]) -> dict[str, str]:
    """Each figure's words and number."""
    return {figure.words: figure.text for figure in figures}


def every_figure(found: Overview) -> list[Figure]:
    """All figures of the overview that have a list of their own."""
    assert found.questions
    assert found.projects
    assert found.items
    assert found.letters
    return [
        *(found.questions.total, found.questions.overdue, *found.questions.ages, *found.questions.holders),
        *(*found.projects.states, found.projects.finished, found.letters.total),
        *(figure for line in found.items.agents for figure in [line.total, *line.states]),
    ]


def projects(count: int, status: str = "OPEN", *, took: float = 0, ago: float | None = None) -> list[Project]:
    """Projects of this status; finished so many hours ago after so many minutes, where that is said."""
    finished = None if ago is None else timezone.now() - timedelta(hours=ago)
    opened = (finished or timezone.now()) - timedelta(minutes=took)
    template = Template.objects.get(name="audit")
    named = {"template": template, "opened_at": opened, "finished_at": finished, "status": status}
    return Project.objects.bulk_create(Project(title=f"{status} {n}", **named) for n in range(count))


def items(project: Project, agent: str, state: str, count: int) -> None:
    """Items of the project for the agent, in the state."""
    named = {"project": project, "position": 1, "title": "Step", "agent_target": agent, "state": state}
    Item.objects.bulk_create(Item(key=uuid4().hex, **named) for _ in range(count))


def question(*, asked: float, due: float = 24, **fields: Any) -> None:
    """A question asked so many hours ago and due in so many."""
    now, [project] = timezone.now(), projects(1, "WAITING")
    named = {"title": "Hourly rate", "field": uuid4().hex, "schema": {}, "pointer": "/x", "asked_by": "audit"}
    due_at = now + timedelta(hours=due)
    times = {"asked_at": now - timedelta(hours=asked), "due_at": due_at, "next_step_at": due_at}
    Question.objects.bulk_create([Question(project=project, **named, **times, **fields)])


def letters(count: int, **fields: Any) -> None:
    """Open dead letters."""
    now = timezone.now()
    said = {"event_type": "WORK.DONE", "reason": "There is no such event type.", "error_class": "UnknownEventType"}
    where = {"stream": "audit:events", "group": "orchestrator", "first_seen": now, "last_seen": now, "raw": b"[]"}
    DeadLetter.objects.bulk_create(
        DeadLetter(entry_id=uuid4().hex, **{**said, **where, **fields}) for _ in range(count)
    )


def many_rows(count: int) -> None:
    """So many open and finished projects, items, questions and dead letters."""
    now = timezone.now()
    opened = projects(count)
    projects(count, "DONE", ago=1, took=10)
    projects(count, "FAILED", ago=1, took=10)
    named = {"position": 1, "key": "one", "title": "Step", "state": "READY"}
    Item.objects.bulk_create(Item(project=p, agent_target=f"agent-{n % 7}", **named) for n, p in enumerate(opened))
    about = {"field": "rate", "title": "Hourly rate", "schema": {}, "pointer": "/rate", "asked_by": "audit"}
    times = {"asked_at": now, "due_at": now, "next_step_at": now}
    Question.objects.bulk_create(Question(project=p, **about, **times) for p in opened)
    letters(count)
