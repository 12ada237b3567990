"""A worker written elsewhere: it knows a Redis client and the envelope, and nothing of Interlock's code.

Run it as `python foreign_worker.py REDIS_URL STREAM`; it does the items of `cost_worker` until it is stopped.
"""

import json
import sys
import uuid
from datetime import UTC, datetime

import redis

AGENT, GROUP = "cost_worker", "costs_done_elsewhere"


def main(url: str, stream: str) -> None:
    """Read the log in a group of our own, and do what is dispatched to our agent."""
    broker = redis.Redis.from_url(url)
    try:
        broker.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    while True:
        for _, entries in broker.xreadgroup(GROUP, "one", {stream: ">"}, count=10, block=1000) or []:
            for entry_id, fields in entries:
                event = json.loads(fields[b"event"]) if b"event" in fields else {}
                if event.get("event_type") == "WORK.ITEM_DISPATCHED" and event["payload"]["agent_target"] == AGENT:
                    for reply in replies(event):
                        broker.xadd(stream, {"event": json.dumps(reply)})
                broker.xack(stream, GROUP, entry_id)


def replies(dispatch: dict) -> list[dict]:
    """What is said about one dispatch: begun, delivered, finished."""
    context = dispatch["payload"]["work_context"]
    hours = sum(row.get("estimated_minutes") or 0 for row in context["rows"]) / 60
    rate = float(context["hourly_rate"])
    content = {
        "total_hours": round(hours, 2),
        "hourly_rate": rate,
        "monthly_cost": round(hours * rate, 2),
        "annual_cost": round(12 * hours * rate, 2),
    }
    deliverable = {"type": "cost_analysis", "content": content, "timestamp": now(), "confidence": 0.7}
    return [
        reply(dispatch, "WORK.ITEM_STARTED", {}),
        reply(dispatch, "DELIVERABLE.PUBLISHED", {"deliverable": deliverable}),
        reply(dispatch, "WORK.ITEM_COMPLETED", {"evidence": {"hours": content["total_hours"]}}),
    ]


def reply(dispatch: dict, event_type: str, payload: dict) -> dict:
    """An event caused by the dispatch, with the id it always has: said twice, it counts once."""
    about = {key: dispatch["payload"][key] for key in ("project_id", "backlog_item_id")}
    return {
        "event_id": str(uuid.uuid5(uuid.UUID(dispatch["event_id"]), event_type)),
        "event_type": event_type,
        "event_version": 1,
        "timestamp": now(),
        "source": {"service": "costs-done-elsewhere", "instance": "1"},
        "correlation_id": dispatch["correlation_id"],
        "causation_id": dispatch["event_id"],
        "payload": {**about, **payload},
    }


def now() -> str:
    """The time, in RFC 3339."""
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    main(*sys.argv[1:])
