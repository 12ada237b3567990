"""What others put on the streams: a producer's requests and a worker's replies, as plain entries."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from django.conf import settings

from backlog.blueprints import add_version
from backlog.flow.orchestration import project_work
from backlog.models import Item, Project
from clarifications.models import Question
from clarifications.selectors import question_in
from clarifications.services import answer_question
from events import streams
from events.streams import Entry
from tests.system import run_to_rest

# What a request names so that nothing is asked about money but the rate.
KNOWN = {"period": {"type": "month"}, "currency": "EUR"}


def envelope(event_type: str, payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event as a foreign program would write it."""
    return {
        "event_id": str(uuid4()),
        "event_type": event_type,
        "event_version": 1,
        "timestamp": datetime.now(UTC).isoformat(),
        "source": {"service": "elsewhere", "instance": "1"},
        "correlation_id": str(uuid4()),
        "causation_id": None,
        "payload": payload,
    } | changes


def request(template: str = "minimal", **changes: Any) -> dict[str, Any]:
    """PROJECT.INITIAL_REQUEST_RECEIVED."""
    payload = {"project_id": str(uuid4()), "request_text": "Find out where our time goes.", "template": template}
    return envelope("PROJECT.INITIAL_REQUEST_RECEIVED", payload | changes)


def put(*events: dict[str, Any] | bytes) -> list[str]:
    """XADD to the log, field `event` alone, as a foreign producer does; the entry ids."""
    pipe = streams.client().pipeline(transaction=False)
    for event in events:
        pipe.xadd(settings.STREAM_NAME, {"event": event if isinstance(event, bytes) else orjson.dumps(event)})
    return [entry_id.decode() for entry_id in pipe.execute()]


def as_entries(events: Iterable[dict[str, Any]]) -> list[Entry]:
    """The events as a consumer is given them, with ids in their order."""
    return [Entry(settings.STREAM_NAME, f"{n}-0", {b"event": orjson.dumps(event)}) for n, event in enumerate(events)]


def reply(
    dispatch: dict[str, Any], event_type: str, extra: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """A worker's reply to a dispatch (the dispatch as an envelope on the wire)."""
    about = {key: dispatch["payload"][key] for key in ("project_id", "backlog_item_id")}
    cause = {"correlation_id": dispatch["correlation_id"], "causation_id": dispatch["event_id"]}
    return envelope(event_type, about | (extra or {}), **(cause | changes))


def on_the_log(event_type: str | None = None) -> list[dict[str, Any]]:
    """The readable events of the log, oldest first."""
    entries = streams.client().xrange(settings.STREAM_NAME)
    events = [orjson.loads(fields[b"event"]) for _, fields in entries]
    return [e for e in events if event_type in (None, e["event_type"])]


# -- steps of a test -------------------------------------------------------------------------------
def step(key: str, **changes: Any) -> dict[str, Any]:
    """An item of a template, for an agent that no process of ours runs."""
    return {"key": key, "title": key.capitalize(), "agent_target": "foreign_worker"} | changes


def template(*items: dict[str, Any], **more: Any) -> str:
    """A template of this test's own; its name."""
    name = f"own-{uuid4().hex[:12]}"
    add_version({"name": name, "title": "A test's own", "items": list(items) or [step("only")], **more}, by="test")
    return name


def opened(*items: dict[str, Any], silence: dict[str, Any] | None = None, **changes: Any) -> Project:
    """A project of a template with these items, opened by an event and carried on as far as it goes."""
    event = request(template(*items, **({"silence": silence} if silence else {})), **changes)
    return opened_by(event)


def opened_by(event: dict[str, Any]) -> Project:
    """The project that this request opens, carried on as far as it goes."""
    put(event)
    run_to_rest()
    return Project.objects.get(pk=event["payload"]["project_id"])


def item_of(project: Project, key: str = "only") -> Item:
    """The item as the database has it now."""
    return Item.objects.select_related("project").get(project=project, key=key)


def dispatch_of(project: Project, key: str = "only") -> dict[str, Any]:
    """The item's current dispatch, as it is on the log."""
    current = str(item_of(project, key).current_dispatch)
    return next(event for event in on_the_log("WORK.ITEM_DISPATCHED") if event["event_id"] == current)


def deliverable(kind: str = "result", **content: Any) -> dict[str, Any]:
    """What DELIVERABLE.PUBLISHED carries beside the keys of its item."""
    said = {"type": kind, "content": content, "timestamp": datetime.now(UTC).isoformat(), "confidence": 0.8}
    return {"deliverable": said}


def completed(dispatch: dict[str, Any], **evidence: Any) -> dict[str, Any]:
    """The worker's word that it is finished."""
    return reply(dispatch, "WORK.ITEM_COMPLETED", {"evidence": evidence})


def failed(dispatch: dict[str, Any], reason: str = "It broke.", **more: Any) -> dict[str, Any]:
    """The worker's word that it cannot."""
    return reply(dispatch, "WORK.ITEM_FAILED", {"reason": reason, **more})


def tell(*events: dict[str, Any] | bytes) -> list[str]:
    """Put these on the log and have them handled; the entry ids."""
    entry_ids = put(*events)
    run_to_rest()
    return entry_ids


def answer(question: Question, value: Any, *, by: str = "ann", door: str = "rest") -> Question:
    """Answer through the service that every door calls."""
    with project_work() as work:
        found = question_in(work, question.pk)
        return answer_question(work, question=found, answer=value, by=by, door=door)
