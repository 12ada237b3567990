"""Older spellings that producers still send, read as today's contract: nothing is guessed, and the original is kept.

Each rule names one spelling. What the sender wrote stays in the payload under `as_sent`, so that the ledger can show
it. What no rule knows is left as it is, and the contract judges it. No Django here.
"""

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from schemas.formats import is_uuid
from schemas.registry import registry

Payload = dict[str, Any]
Rule = Callable[[Payload, Payload], None]

PAYLOAD_IDS = ("project_id", "backlog_item_id", "question_id")
ENVELOPE_IDS = ("event_id", "correlation_id", "causation_id")
LONGEST_ID = 200
# What a completed item's `status` may say: that it is completed.
FINISHED = frozenset({"done", "completed"})
NO_REASON = "The worker asks for clarification and gives no reason."


def translated(document: Any) -> Any:
    """Return the envelope with every older spelling replaced; a document without one comes back as it is.

    Only the payloads of events that may come in are read so: what Interlock alone emits has one spelling.
    """
    if not isinstance(document, dict) or not comes_in(document):
        return document
    payload = document["payload"]
    as_sent: Payload = {}
    read: Payload = without_nulls(payload, document)
    envelope = {key: with_uuid(key, value, as_sent) for key, value in document.items() if key in ENVELOPE_IDS}
    for key in PAYLOAD_IDS:
        if key in read:
            read[key] = with_uuid(key, read[key], as_sent)
    if rule := RULES.get(document["event_type"]):
        rule(read, as_sent)
    if as_sent and "as_sent" not in read:
        read["as_sent"] = as_sent
    return {**document, **envelope, "payload": read}


def comes_in(document: dict[str, Any]) -> bool:
    """Return True if the document names a contract that others may use, and has a payload to read."""
    kind, version = document.get("event_type"), document.get("event_version")
    if not isinstance(kind, str) or not isinstance(version, int) or not isinstance(document.get("payload"), dict):
        return False
    return registry().knows(kind, version) and registry().direction(kind, version) != "out"


def without_nulls(payload: Payload, document: dict[str, Any]) -> Payload:
    """Return a copy without the optional keys that hold null: older producers send them for `not said`."""
    required = registry().schema(document["event_type"], document["event_version"])["required"]
    kept = {key: value for key, value in payload.items() if value is not None or key in required}
    if isinstance(deliverable := kept.get("deliverable"), dict):
        kept["deliverable"] = {key: value for key, value in deliverable.items() if value is not None}
    return kept


def with_uuid(key: str, value: Any, as_sent: Payload) -> Any:
    """Return the id as a uuid: itself, another spelling of it, or the uuid5 of its text (RFC 9562, namespace URL)."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or is_uuid(value):
        return value
    as_sent[key] = value
    try:
        return str(UUID(value))
    except ValueError:
        return str(uuid_of(value))


def uuid_of(text: str) -> UUID:
    """Return the uuid that stands for an id which is none: the same text has the same uuid, everywhere."""
    return uuid5(NAMESPACE_URL, text)


# -- one rule a spelling ---------------------------------------------------------------------------
def request(payload: Payload, as_sent: Payload) -> None:
    """`requester: {"name": …}` is the requester's name; `constraints` belong to the work context."""
    requester = payload.get("requester")
    if isinstance(requester, dict) and isinstance(requester.get("name"), str):
        as_sent["requester"] = requester
        payload["requester"] = requester["name"]
    if "constraints" in payload and isinstance(payload.get("work_context", {}), dict):
        as_sent["constraints"] = payload.pop("constraints")
        payload["work_context"] = {"constraints": as_sent["constraints"], **payload.get("work_context", {})}


def completed(payload: Payload, as_sent: Payload) -> None:
    """`status: "DONE"` says once more what the event says; any other status contradicts it and is refused."""
    if str(payload.get("status", "")).lower() in FINISHED:
        as_sent["status"] = payload.pop("status")


def failed(payload: Payload, as_sent: Payload) -> None:
    """`failure: {reason, category}` are the event's own keys."""
    failure = payload.get("failure")
    if isinstance(failure, dict) and not failure.keys() & payload.keys():
        as_sent["failure"] = payload.pop("failure")
        payload.update({key: value for key, value in failure.items() if value is not None})


def needed(payload: Payload, as_sent: Payload) -> None:
    """A `question_id` of the sender's own is kept and asks nothing; then a reason may be missing."""
    if "question_id" in payload:
        as_sent.setdefault("question_id", payload.pop("question_id"))
        payload.pop("question_id", None)
        payload.setdefault("reason", NO_REASON)


RULES: dict[str, Rule] = {
    "PROJECT.INITIAL_REQUEST_RECEIVED": request,
    "WORK.ITEM_COMPLETED": completed,
    "WORK.ITEM_FAILED": failed,
    "CLARIFICATION.NEEDED": needed,
}
