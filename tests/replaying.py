"""Replays a recorded history on the code of today.

What came from outside is put on the log again, in its order, and people do again what they did. The ids that a system
gives (of items, questions, dispatches) are others this time: each recorded event is paired with the one of its kind,
item and turn today, and what comes in names today's.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from backlog import services
from backlog.blueprints import add_version
from backlog.models import Project
from events.models import Event
from schemas.registry import registry
from tests.flows import tell
from tests.recording import by_staff, end_of

ENDED_BY = {"WORK.ITEM_REVIEWED": "DONE", "WORK.ITEM_FAILED": "FAILED", "WORK.ITEM_TIMED_OUT": "FAILED"}
ITEM_BECOMES = ENDED_BY | {
    "BACKLOG.ITEM_CREATED": "CREATED",
    "BACKLOG.ITEM_READIED": "READY",
    "BACKLOG.ITEM_BLOCKED": "BLOCKED",
    "BACKLOG.ITEM_UNBLOCKED": "READY",
    "BACKLOG.ITEM_RETRIED": "READY",
    "BACKLOG.ITEM_CANCELLED": "CANCELLED",
    "WORK.ITEM_DISPATCHED": "IN_PROGRESS",
}
QUESTION_BECOMES = {
    "CLARIFICATION.QUESTION_ASKED": "OPEN",
    "CLARIFICATION.ANSWER_PROVIDED": "ANSWERED",
    "CLARIFICATION.QUESTION_WITHDRAWN": "WITHDRAWN",
    "CLARIFICATION.QUESTION_DECLINED": "DECLINED",
}
SPOKEN = {"USER.ANSWER_SUBMITTED", "HUMAN.APPROVAL_SUBMITTED"}
Line = dict[str, Any]


def events_of(history: list[Line]) -> list[Line]:
    """Return the lines of a history that hold an event."""
    return [line for line in history if "event" in line]


def faults_of(event: dict[str, Any]) -> list[str]:
    """Return what today's contracts find wrong with a recorded event."""
    name = f"{event['event_type']} {event['event_id']}"
    if not registry().knows(event["event_type"], event["event_version"]):
        return [f"{name}: no contract"]
    found = registry().compiled(event["event_type"], event["event_version"]).problems(event["payload"])
    return [f"{name}: {problem.message}" for problem in [*registry().envelope.problems(event), *found]]


# -- again -----------------------------------------------------------------------------------------
def replay(history: list[Line]) -> list[Line]:
    """Do again what was done from outside; return what the projects of the history are in the end."""
    for line in history:
        if "template" in line:
            add_version(line["template"], by="history")
    events = [line["event"] for line in events_of(history)]
    for event in events:
        do_again(event, todays_ids(events))
    projects = {str(project.pk): project for project in Project.objects.all()}
    return [end_of(projects[line["end"]["project"]]) for line in history if "end" in line]


def do_again(event: dict[str, Any], ids: dict[str, str]) -> None:
    """Put an event that came in on the log again; do again what staff did; leave what follows from them alone."""
    kind, payload = event["event_type"], event["payload"]
    if act := act_of_staff(event):
        by_staff(Project.objects.get(pk=payload["project_id"]), act, item=payload.get("key", ""), **reason_of(event))
    elif kind in SPOKEN or (comes_in(kind) and event["source"]["service"] == "elsewhere"):
        text = orjson.dumps(event | {"source": {"service": "elsewhere", "instance": "1"}}).decode()
        for recorded, today in ids.items():
            text = text.replace(recorded, today)
        tell(text.encode())


def comes_in(kind: str) -> bool:
    """Return True if events of this type may come from outside."""
    return registry().schema(kind)["x_direction"] in ("in", "both")


def act_of_staff(event: dict[str, Any]) -> Callable[..., Any] | None:
    """Return what staff did if the event says that they did it themselves, and not as a consequence."""
    kind, payload = event["event_type"], event["payload"]
    if kind == "BACKLOG.ITEM_RETRIED" and payload["requested_by"]:
        return services.retry_item
    if kind == "PROJECT.CANCELLED" and is_going_on(payload["project_id"]):
        return services.cancel_project
    if kind == "BACKLOG.ITEM_CANCELLED" and payload["reason"] == "Not this." and not is_cancelled(payload):
        return services.cancel_item
    return None


def reason_of(event: dict[str, Any]) -> dict[str, str]:
    """Return the reason that staff gave, if the act has one."""
    return {} if event["event_type"] == "BACKLOG.ITEM_RETRIED" else {"reason": event["payload"]["reason"]}


def is_going_on(project: str) -> bool:
    """Return True if the project has not been cancelled again yet."""
    return Project.objects.exclude(status="CANCELLED").filter(pk=project).exists()


def is_cancelled(payload: dict[str, Any]) -> bool:
    """Return True if the item with this key has been cancelled again already."""
    same = {"project_id": payload["project_id"], "payload__key": payload["key"]}
    return Event.objects.filter(type="BACKLOG.ITEM_CANCELLED", **same).exists()


# -- ids -------------------------------------------------------------------------------------------
def todays_ids(recorded: list[dict[str, Any]]) -> dict[str, str]:
    """Return {id that the recorded system gave: id that today's gave to the same thing}."""
    today = dict(turns([orjson.loads(row.outgoing().wire) for row in Event.objects.order_by("seq")]))
    pairs = [(event, today[turn]) for turn, event in turns(recorded) if turn in today]
    named = ("backlog_item_id", "question_id")
    ids = {one["event_id"]: other["event_id"] for one, other in pairs}
    for one, other in pairs:
        ids |= {one["payload"][k]: other["payload"][k] for k in named if k in one["payload"] and k in other["payload"]}
    return {old: new for old, new in ids.items() if old != new}


def turns(events: list[dict[str, Any]]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Yield each event with its project, type, item or field, and the how manieth of these it is."""
    keys: dict[str, str] = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for event in events:
        payload = event["payload"]
        if event["event_type"] == "BACKLOG.ITEM_CREATED":
            keys[payload["backlog_item_id"]] = payload["key"]
        about = payload.get("field") or keys.get(payload.get("backlog_item_id", ""), "")
        kind = (payload.get("project_id"), event["event_type"], about)
        seen[kind] += 1
        yield (*kind, seen[kind]), event


# -- what the events alone say -----------------------------------------------------------------------
def projected(history: list[Line]) -> dict[str, dict[str, Any]]:
    """Return {project: {"items": {key: state}, "questions": statuses by field and turn}} from the events alone."""
    found: dict[str, dict[str, Any]] = {}
    for line in events_of(history):
        event = line["event"]
        project = found.setdefault(event["payload"]["project_id"], {"keys": {}, "items": {}, "questions": {}})
        if not line["outcome"]:
            project_event(project, event["event_type"], event["payload"])
    return found


def project_event(project: dict[str, Any], kind: str, payload: dict[str, Any]) -> None:
    """Apply one event to the projection."""
    if kind == "BACKLOG.ITEM_CREATED":
        project["keys"][payload["backlog_item_id"]] = payload["key"]
    if kind in QUESTION_BECOMES:
        project["questions"][payload["question_id"]] = [payload["field"], QUESTION_BECOMES[kind]]
    refused = kind == "WORK.ITEM_REVIEWED" and payload["outcome"] not in ("accepted", "waived")
    if kind in ITEM_BECOMES and not refused:
        project["items"][project["keys"][payload["backlog_item_id"]]] = ITEM_BECOMES[kind]
