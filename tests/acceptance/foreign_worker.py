"""A worker written elsewhere: it knows a Redis client and the envelope, and nothing of Interlock's code.

Run it as `python foreign_worker.py REDIS_URL STREAM` beside `manage.py up --except cost_worker`: it does the cost
items until it is stopped.
"""

import json
import sys
import uuid
from datetime import UTC, datetime

import redis

AGENT, GROUP, NAME = "cost_worker", "costs_done_elsewhere", "one"


def main(url: str, stream: str) -> None:
    """Read the log in a group of our own, and do what is dispatched to our agent."""
    broker = redis.Redis.from_url(url)
    try:
        broker.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except redis.ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise
    position = "0"  # first what we took and did not acknowledge before we were stopped, then what is new
    while True:
        for _, entries in broker.xreadgroup(GROUP, NAME, {stream: position}, count=10, block=1000) or []:
            position = "0" if entries and position == "0" else ">"
            for entry_id, fields in entries:
                for reply in replies(event_of(fields)):
                    broker.xadd(stream, {"event": json.dumps(reply)})
                broker.xack(stream, GROUP, entry_id)


def event_of(fields: dict) -> dict:
    """The entry's event; nothing for an entry that has none, which is for others to complain about."""
    try:
        return json.loads(fields[b"event"])
    except (KeyError, ValueError):
        return {}


def replies(event: dict) -> list[dict]:
    """What is said about a dispatch of ours: begun, delivered, finished. Nothing about any other event."""
    if event.get("event_type") != "WORK.ITEM_DISPATCHED" or event["payload"]["agent_target"] != AGENT:
        return []
    content = cost_of(event["payload"]["work_context"])
    deliverable = {"type": "cost_analysis", "content": content, "timestamp": event["timestamp"], "confidence": 0.7}
    return [
        reply(event, "WORK.ITEM_STARTED", {}),
        reply(event, "DELIVERABLE.PUBLISHED", {"deliverable": deliverable}),
        reply(event, "WORK.ITEM_COMPLETED", {"evidence": {"hours": content["total_hours"]}}),
    ]


def cost_of(context: dict) -> dict:
    """What the rows of a month cost, at the rate that the work context holds."""
    hours = sum(row.get("estimated_minutes") or 0 for row in context["rows"]) / 60
    rate = float(context["hourly_rate"])
    figures = {
        "total_hours": hours,
        "hourly_rate": rate,
        "monthly_cost": hours * rate,
        "annual_cost": 12 * hours * rate,
    }
    return {name: round(figure, 2) for name, figure in figures.items()}


def reply(dispatch: dict, event_type: str, payload: dict) -> dict:
    """An event caused by the dispatch, with the id it always has: said twice, it counts once."""
    about = {key: dispatch["payload"][key] for key in ("project_id", "backlog_item_id")}
    return {
        "event_id": str(uuid.uuid5(uuid.UUID(dispatch["event_id"]), event_type)),
        "event_type": event_type,
        "event_version": 1,
        "timestamp": datetime.now(UTC).isoformat(),
        "source": {"service": "costs-done-elsewhere", "instance": "1"},
        "correlation_id": dispatch["correlation_id"],
        "causation_id": dispatch["event_id"],
        "payload": {**about, **payload},
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
