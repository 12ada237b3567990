"""Objects in many states for callers to reach, and what the parts of an address may name."""

from collections import defaultdict
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import User
from backlog.blueprints import add_version
from backlog.flow import leases
from backlog.flow.opening import submit_request
from backlog.flow.orchestration import project_work
from backlog.models import Deliverable, Item, Project
from backlog.selectors import project_of
from backlog.services import cancel_project
from clarifications.models import Blocking, Question
from events import artifacts
from events.deadletters import discard
from events.models import DeadLetter, Event, packed_fields
from schemas.registry import registry
from webhooks.models import Delivery, Endpoint

AGENT = "foreign_worker"
Ids = dict[str, list[str]]


def seeded(*requesters: str) -> Ids:
    """What the addresses name: projects of each requester; the first one has an ended one too, and work in hand."""
    add_version({"name": "seeds", "title": "Seeds", "items": items()}, by="tests")
    for requester in requesters:
        opened(requester)
    with project_work() as work:
        cancel_project(work, project_of(work, opened(requesters[0]).pk), reason="Enough.", by="tests")
    holder = User.objects.filter(username=requesters[0]).first() or User(username=requesters[0], organisation_id=1)
    leases.lease_items(AGENT, holder=holder, most=100, seconds=3600)
    letters()
    webhook(requesters[0])
    return named()


def items() -> list[dict[str, Any]]:
    """A piece of work that can be leased, one that a person has to send out, one that waits, and one after it."""
    rate = {"type": "object", "required": ["rate"], "properties": {"rate": {"type": "number", "title": "Rate"}}}
    common = {"agent_target": AGENT, "title": "Work"}
    return [
        {"key": "leased", **common},
        {"key": "ready", **common, "auto_dispatch": False},
        {"key": "needy", **common, "needs": rate},
        {"key": "last", **common, "depends_on": ["needy"]},
    ]


def opened(requester: str) -> Project:
    """A project that waits for an answer and for an approval, with a deliverable."""
    said = {
        "project_id": str(uuid4()), "request_text": "Do it.", "template": "seeds", "requester": requester,
        "work_context": {"rows_ref": large_part()},
    }  # fmt: skip
    with project_work() as work:
        submit_request(work, request=said)
    project = Project.objects.get(pk=said["project_id"])
    approval(project, project.items.get(key="needy"))
    Deliverable.objects.create(
        id=uuid4(), project=project, item=project.items.get(key="last"), type="t", content={"rows": [{"a": 1}]},
        confidence=1, timestamp=timezone.now(),
    )  # fmt: skip
    return project


def large_part() -> dict[str, Any]:
    """A reference to rows that are kept apart from the context."""
    return artifacts.store([{"a": 1}], media_type="application/x-ndjson")


def approval(project: Project, item: Item) -> None:
    """A person's approval that the item waits for."""
    now = timezone.now()
    asked = Question.objects.create(
        project=project, field=f"approval:{item.key}", kind="approval", title="Approve?", schema={}, pointer="/x",
        asked_by="gate", asked_at=now, due_at=now, next_step_at=now,
    )  # fmt: skip
    Blocking.objects.create(question=asked, item=item)


def letters() -> None:
    """Dead letters: one with an event, one with bytes that are no text, and one that was discarded."""
    now = timezone.now()
    for number, fields in enumerate(({b"event": b"{}"}, {b"\xff": b"\x00\xfe"}, {})):
        letter = DeadLetter.objects.create(
            stream="s", entry_id=str(number), group="g", reason="r", error_class="InvalidEvent",
            first_seen=now, last_seen=now, raw=packed_fields(fields),
        )  # fmt: skip
    discard(letter, by="tests", why="It is nothing.")


def webhook(owner: str) -> None:
    """A receiver that was told of something."""
    user, _made = User.objects.get_or_create(username=owner)
    now = timezone.now()
    told = Endpoint.objects.create(owner=user, url="https://example.com/", secret="s", position=0, created_at=now)
    Delivery.objects.create(endpoint=told, event=Event.objects.earliest("seq"), created_at=now)


def named() -> Ids:
    """What is there now, by the names that addresses and queries have for it."""
    events = Event.objects.all()
    return defaultdict(list) | {
        "project_id": texts(Project.objects.values_list("pk", flat=True)),
        "item_id": texts(Item.objects.values_list("pk", flat=True)),
        "question_id": texts(Question.objects.values_list("pk", flat=True)),
        "input_id": texts(Question.objects.filter(kind="input", status="OPEN").values_list("pk", flat=True)),
        "deliverable_id": texts(Deliverable.objects.values_list("pk", flat=True)),
        "event_id": texts(events.values_list("event_id", flat=True)[:20]),
        "letter_id": texts(DeadLetter.objects.values_list("pk", flat=True)),
        "lease": texts(leases.Lease.objects.values_list("token", flat=True)),
        "event_type": [name for name, _version in registry().contracts()],
        "webhook_id": texts(Endpoint.objects.values_list("pk", flat=True)),
        "delivery_id": texts(Delivery.objects.values_list("pk", flat=True)),
        "digest": [large_part()["id"]],
        "name": ["seeds", "audit"],
        "version": ["1"],
    }


def texts(values: Any) -> list[str]:
    """The values as they are written in an address, in an order of their own."""
    return sorted(map(str, values))
