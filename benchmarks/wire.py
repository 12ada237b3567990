"""Events as a foreign producer writes them: what the load, the bare loop and the product have in common."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

REQUEST, ANSWER = "PROJECT.INITIAL_REQUEST_RECEIVED", "USER.ANSWER_SUBMITTED"
COMPLETED, ITEM_DONE = "WORK.ITEM_COMPLETED", "WORK.ITEM_REVIEWED"
DISPATCHED = "WORK.ITEM_DISPATCHED"

Event = dict[str, Any]
Fields = dict[str, bytes | str]


@dataclass(frozen=True)
class Kind:
    """A kind of project: its template's name, and how many questions each project asks."""

    template: str
    questions: int


# Three items that wait for nothing; the same, and the first item asks one question.
PLAIN, ASKING = Kind("bench-plain", 0), Kind("bench-asking", 1)


def event(kind: str, payload: dict[str, Any], *, by: str = "benchmark", cause: str | None = None) -> Event:
    """Return a new event; its payload names its project."""
    return {
        "event_id": str(uuid4()),
        "event_type": kind,
        "event_version": 1,
        "timestamp": datetime.now(UTC).isoformat(),
        "source": {"service": by, "instance": "1"},
        "correlation_id": payload["project_id"],
        "causation_id": cause,
        "payload": payload,
    }


def fields(said: Event) -> Fields:
    """Return the fields of the event's stream entry."""
    return {"event": orjson.dumps(said), "type": said["event_type"], "project": said["payload"]["project_id"]}


def request(kind: Kind) -> Fields:
    """Return the entry that asks for a new project of this kind."""
    said = {"project_id": str(uuid4()), "request_text": "Do the three steps.", "template": kind.template}
    return fields(event(REQUEST, said))


def answer(project_id: str, question_id: str) -> Fields:
    """Return the entry that answers the question."""
    return fields(event(ANSWER, {"project_id": project_id, "question_id": question_id, "answer": "the main one"}))
