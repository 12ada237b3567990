"""Things as they are long after: projects that ended, with what they left behind."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from backlog.blueprints import add_version
from backlog.models import Item, Project, Template, WorkContext
from clarifications.models import Notice, Question
from events.models import DeadLetter, Event
from webhooks.models import Delivery, Endpoint


def ago(days: float) -> datetime:
    """The moment so many days ago."""
    return timezone.now() - timedelta(days=days)


def template() -> Template:
    """A template for projects that are made by hand."""
    items = [{"key": "only", "title": "Only", "agent_target": "foreign_worker"}]
    found = Template.objects.filter(name="by-hand").first()
    return found or add_version({"name": "by-hand", "title": "By hand", "items": items}, by="test")


def ended_project(days: float, *, events: int = 3, status: str = "DONE", **data: Any) -> Project:
    """A project that ended so many days ago, with so many events, an item, and this work context."""
    at = None if status == "OPEN" else ago(days)
    made = {"title": f"Ended {days} days ago", "template": template(), "status": status}
    project = Project.objects.create(**made, opened_at=ago(days), finished_at=at)
    WorkContext.objects.create(project=project, data={"rows": [], **data})
    Item.objects.create(
        project=project, position=0, key="only", title="Only", item_type="generic", agent_target="foreign_worker",
        state=status if status in ("DONE", "FAILED", "CANCELLED") else "IN_PROGRESS",
    )  # fmt: skip
    for number in range(events):
        event_of(project, ago(days), text=f"Event {number}, 8 €")
    return project


def event_of(project: Project, at: datetime, **payload: Any) -> Event:
    """An event of the project."""
    said = {"type": "BACKLOG.ITEM_READIED", "service": "interlock", "instance": "1", "digest": uuid4().hex}
    return Event.objects.create(
        event_id=uuid4(), correlation_id=project.correlation_id, project_id=project.pk, timestamp=at, recorded_at=at,
        payload={"project_id": str(project.pk), **payload}, **said,
    )  # fmt: skip


def question_of(project: Project) -> Question:
    """A question of the project."""
    now = timezone.now()
    said = {"field": "f", "title": "t", "schema": {}, "pointer": "/f", "asked_by": "a"}
    return Question.objects.create(project=project, **said, asked_at=now, due_at=now, next_step_at=now)


def a_delivery(event: Event, *, state: str = "delivered", **fields: Any) -> Delivery:
    """A delivery of the event to a webhook."""
    owner, _made = User.objects.get_or_create(username="owner")
    values = {"owner": owner, "secret": "s", "position": 0, "created_at": ago(500)}
    endpoint, _made = Endpoint.objects.get_or_create(url="https://example.com/", defaults=values)
    return Delivery.objects.create(endpoint=endpoint, event=event, state=state, **{"created_at": ago(0), **fields})


def a_notice(event: Event, *, state: str = "sent", **fields: Any) -> Notice:
    """A mail about a question of the event's project."""
    person, _made = User.objects.get_or_create(username="owner")
    question = Question.objects.filter(project_id=event.project_id).first() or question_of(
        Project.objects.get(pk=event.project_id)
    )
    times = {"created_at": ago(0), "next_attempt_at": ago(0)}
    return Notice.objects.create(event=event, question=question, recipient=person, state=state, **{**times, **fields})


def a_letter(number: int, *, state: str = "open", days: float = 0) -> DeadLetter:
    """A dead letter that was buried, and settled unless it is open, so many days ago."""
    at = ago(days)
    return DeadLetter.objects.create(
        stream="audit:events", entry_id=f"{number}-0", group="orchestrator", reason="r", error_class="E",
        first_seen=at, last_seen=at, raw=b"[]", state=state, settled_at=None if state == "open" else at,
        published_at=at,
    )  # fmt: skip
