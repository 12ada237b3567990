"""A worker that knows nothing of Interlock but its streams: Python, a Redis client, and the envelope.

    REDIS_URL=redis://localhost:6379/0 python foreign_worker.py

Run it beside `manage.py up --except cost_worker` and it does the cost items in our own worker's place.
"""

import json
import os
import uuid
from datetime import UTC, datetime

import redis

LOG, GROUP, NAME, AGENT = "audit:events", "cost_workers", "cost-1", "cost_worker"
broker = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


def cost_of(work):
    """What the rows cost a month and a year, at the hourly rate that the work context holds."""
    hours = sum(row.get("estimated_minutes") or 0 for row in work["rows"]) / 60
    monthly = hours * work["hourly_rate"]
    figures = {"total_hours": hours, "monthly_cost": monthly, "annual_cost": 12 * monthly}
    return {name: round(value, 2) for name, value in figures.items()} | {"hourly_rate": work["hourly_rate"]}


def reply(dispatch, event_type, **payload):
    """Say what became of the dispatch. The id is derived from it: saying the same twice is saying it once."""
    about = {key: dispatch["payload"][key] for key in ("project_id", "backlog_item_id")}
    event = {
        "event_id": str(uuid.uuid5(uuid.UUID(dispatch["event_id"]), event_type)),
        "event_type": event_type,
        "event_version": 1,
        "timestamp": datetime.now(UTC).isoformat(),
        "source": {"service": "foreign-cost-worker", "instance": "1"},
        "correlation_id": dispatch["correlation_id"],
        "causation_id": dispatch["event_id"],
        "payload": about | payload,
    }
    broker.xadd(LOG, {"event": json.dumps(event)})


def do(dispatch):
    """One item: say that it is begun, deliver, say that it is complete."""
    reply(dispatch, "WORK.ITEM_STARTED")
    content = cost_of(dispatch["payload"]["work_context"])
    deliverable = {"type": "cost_analysis", "content": content, "timestamp": dispatch["timestamp"], "confidence": 0.7}
    reply(dispatch, "DELIVERABLE.PUBLISHED", deliverable=deliverable)
    reply(dispatch, "WORK.ITEM_COMPLETED", evidence={"rows_read": len(dispatch["payload"]["work_context"]["rows"])})


def main():
    """Read the log in a group of its own for ever; what is not acknowledged comes again after a restart."""
    try:
        broker.xgroup_create(LOG, GROUP, id="0", mkstream=True)
    except redis.ResponseError:
        pass  # the group is there already
    position = "0"  # first what this worker took before it was stopped, then new entries
    while True:
        for _, entries in broker.xreadgroup(GROUP, NAME, {LOG: position}, count=50, block=1000) or []:
            position = position if entries else ">"
            for entry_id, fields in entries:
                event = json.loads(fields["event"])
                if event["event_type"] == "WORK.ITEM_DISPATCHED" and event["payload"]["agent_target"] == AGENT:
                    do(event)
                broker.xack(LOG, GROUP, entry_id)


if __name__ == "__main__":
    main()
