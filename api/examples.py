"""Examples of bodies for the OpenAPI document, built from the examples in the event contracts."""

from typing import Any

from schemas.registry import registry

Json = dict[str, Any]
# Fields that a caller does not send, because the server fills them in.
SERVER_FIELDS = ("project_id", "backlog_item_id", "agent", "requester", "timestamp")


def contract_example(event_type: str) -> Json:
    """Return the first example of the contract."""
    return dict(registry().schema(event_type)["examples"][0])


def request_of(event_type: str, *names: str) -> Json:
    """Return from the contract's example the fields that a caller sends: those named, or all but SERVER_FIELDS."""
    return {
        name: value
        for name, value in contract_example(event_type).items()
        if (name in names if names else name not in SERVER_FIELDS)
    }


def deliverable() -> Json:
    """Return a deliverable as a worker sends it."""
    return {
        name: value
        for name, value in contract_example("DELIVERABLE.PUBLISHED")["deliverable"].items()
        if name not in SERVER_FIELDS
    }


NOW, PERSON = "2026-03-02T09:30:00Z", "dana"
OPENED = contract_example("PROJECT.OPENED")
ASKED = contract_example("CLARIFICATION.QUESTION_ASKED")
CREATED = contract_example("BACKLOG.ITEM_CREATED")
LEASE = "3f6a7b8c-9d0e-4f1a-8b2c-3d4e5f6a7b55"
ENVELOPE = dict(registry().envelope.schema["examples"][0])

# -- request bodies --------------------------------------------------------------------------------
REQUEST = {**request_of("PROJECT.INITIAL_REQUEST_RECEIVED"), "project_id": OPENED["project_id"]}
REASON = request_of("PROJECT.CANCELLED", "reason")
ANSWER = request_of("USER.ANSWER_SUBMITTED", "answer")
REJECTION = request_of("HUMAN.APPROVAL_SUBMITTED", "notes")
ASSIGNEE = {"to": PERSON}
NEW_QUESTION: Json = {
    "title": "Which invoice is the right one?", "schema": {"type": "string", "enum": ["INV-17", "INV-18"]},
    "reason": "Both have the amount that was paid.",
}  # fmt: skip
NEW_APPROVAL = {"title": "Refund 1,200 EUR to order 4711?", "reason": "It is above the limit of 1,000 EUR."}
CORRECTION = {"event": ENVELOPE}
LEASE_REQUEST = {"agent": CREATED["agent_target"], "max": 1, "seconds": 60, "wait": 20}

# -- response bodies -------------------------------------------------------------------------------
PROJECT = {
    "id": OPENED["project_id"], "title": OPENED["title"], "status": "WAITING", "reason": "",
    "template": OPENED["template"], "template_version": OPENED["template_version"], "requester": PERSON,
    "correlation_id": ENVELOPE["correlation_id"], "items_total": OPENED["items"], "items_done": 1, "opened_at": NOW,
    "finished_at": None, "archived": False, "intake": {},
}  # fmt: skip
ITEM = {
    "id": CREATED["backlog_item_id"], "project": CREATED["project_id"], "position": 2, "key": CREATED["key"],
    "title": CREATED["title"], "item_type": "work", "agent_target": CREATED["agent_target"], "state": "IN_PROGRESS",
    "reason": "", "depends_on": CREATED["depends_on"], "waiting_on": 0, "priority": 0, "auto_dispatch": True,
    "approval": "", "approved": False, "held_for": "", "attempts": 1, "failures": 0, "max_attempts": 3,
    "timeout_seconds": 60, "current_dispatch": ENVELOPE["event_id"], "started_at": NOW, "deadline_at": NOW,
    "not_before": None, "done_at": None, "progress_done": 0, "progress_total": 0, "delivered": [], "notes": [],
    "evidence": None,
}  # fmt: skip
QUESTION = {
    "id": ASKED["question_id"], "project": ASKED["project_id"], "kind": ASKED["kind"], "field": ASKED["field"],
    "status": "OPEN", "revision": ASKED["revision"], "title": ASKED["title"], "description": "",
    "schema": ASKED["schema"], "pointer": f"/{ASKED['field']}", "reason": ASKED["reason"],
    "asked_by": CREATED["agent_target"], "asked_at": NOW, "due_at": NOW, "closed_at": None, "assigned_to": PERSON,
    "assigned_group": "", "waiting_items": ASKED["blocked_items"], "approvals": None,
    "answer": None,
}  # fmt: skip
ANSWERED = {
    **QUESTION, "status": "ANSWERED", "closed_at": NOW,
    "answer": {
        "value": ANSWER["answer"], "answered_by": PERSON, "answered_for": "", "door": "rest", "answered_at": NOW,
        "event_id": ENVELOPE["event_id"],
    },
}  # fmt: skip
ASKED_BY_ITSELF = {
    **QUESTION, "field": "answer", "title": NEW_QUESTION["title"], "pointer": "/answer",
    "schema": {**NEW_QUESTION["schema"], "title": NEW_QUESTION["title"]}, "reason": NEW_QUESTION["reason"],
    "asked_by": "refund agent", "assigned_to": None,
}  # fmt: skip
APPROVAL_REQUESTED = {
    **ASKED_BY_ITSELF, "kind": "approval", "field": "approval:answer", "title": NEW_APPROVAL["title"],
    "pointer": "/approval:answer", "schema": {"type": "object", "title": NEW_APPROVAL["title"]},
    "reason": NEW_APPROVAL["reason"],
}  # fmt: skip
DEAD_LETTER = {
    "id": 1, "stream": "audit:events", "entry_id": "1772443800000-0", "group": "backlog", "state": "replayed",
    "event_id": ENVELOPE["event_id"], "event_type": ENVELOPE["event_type"], "reason": "/payload breaks its contract",
    "schema_id": "", "error_class": "InvalidEvent", "attempts": 1, "first_seen": NOW, "last_seen": NOW,
    "settled_at": NOW, "settled_by": PERSON, "note": "", "fields_of_the_entry": {"event": "{}"}, "findings": [],
}  # fmt: skip
NEW_WEBHOOK = {
    "url": "https://tickets.example.com/interlock", "types": ["PROJECT.*"], "description": "Ticket system",
}  # fmt: skip
WEBHOOK = {
    "id": 1, **NEW_WEBHOOK, "owner": PERSON, "project": None, "active": True, "disabled_reason": "", "position": 4711,
    "failing_since": None, "failures": 0, "next_attempt_at": None, "created_at": NOW,
}  # fmt: skip
NEW_LINK = {"note": "Management board", "days": 14}
LINK = {
    "id": LEASE, "project": OPENED["project_id"], "note": "Management board", "made_by": PERSON, "made_at": NOW,
    "expires_at": NOW, "revoked_at": None, "is_live": True, "opened_count": 0, "last_opened_at": None,
    "address": "https://interlock.example.org/shared/shown-this-once/",
}  # fmt: skip
LINK_REVOKED = {**LINK, "revoked_at": NOW, "is_live": False}
LINK_REVOKED.pop("address")
LEASE_STATE = {"lease": LEASE, "state": "IN_PROGRESS", "expires_at": NOW}
LEASE_ASKED = {**LEASE_STATE, "state": "BLOCKED", "expires_at": None, "questions": [ASKED["question_id"]]}
LEASED = {"items": [{"lease": LEASE, "expires_at": NOW, "item": ITEM, "work_context": REQUEST["work_context"]}]}


def template_version(definition: Json) -> Json:
    """Return a template version with this definition, as it is shown."""
    about = {name: definition.get(name, "") for name in ("name", "title", "description")}
    return {**about, "version": 1, "created_at": NOW, "created_by": PERSON, "definition": definition}


def check_result(definition: Json) -> Json:
    """Return the result of the check of a definition."""
    return {"name": definition["name"], "title": definition["title"], "items": len(definition["items"])}
