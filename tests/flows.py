"""What others put on the streams: a producer's requests and a worker's replies, as plain entries."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
from django.conf import settings

from events import streams


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
