"""Translates older spellings that producers still send into today's contracts; nothing is guessed.

Each rule translates one spelling. What the sender wrote stays in the payload under `as_sent`, so that the ledger can
show it. Spellings without a rule are left unchanged for the contract to judge. This module does not need Django.
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
# Values of a completed item's `status` that only repeat the event type.
FINISHED = frozenset({"done", "completed"})
NO_REASON = "The worker asks for clarification and gives no reason."


def in_current_spelling(document: Any) -> Any:
    """Return the envelope with every older spelling translated; a document without any is returned unchanged.

    Only events that may come in are translated: events that Interlock alone emits have one spelling.
    """
    if not isinstance(document, dict) or not comes_in(document):
        return document
    payload = document["payload"]
    as_sent: Payload = {}
    translated_payload: Payload = without_nulls(payload, document)
    envelope = {key: with_uuid(key, value, as_sent) for key, value in document.items() if key in ENVELOPE_IDS}
    for key in PAYLOAD_IDS:
        if key in translated_payload:
            translated_payload[key] = with_uuid(key, translated_payload[key], as_sent)
    if rule := RULES.get(document["event_type"]):
        rule(translated_payload, as_sent)
    if as_sent and "as_sent" not in translated_payload:
        translated_payload["as_sent"] = as_sent
    return {**document, **envelope, "payload": translated_payload}


def comes_in(document: dict[str, Any]) -> bool:
    """Return True if the document has a payload and names a contract that other programs may send."""
    kind, version = document.get("event_type"), document.get("event_version")
    if not isinstance(kind, str) or not isinstance(version, int) or not isinstance(document.get("payload"), dict):
        return False
    return registry().knows(kind, version) and registry().direction(kind, version) != "out"


def without_nulls(payload: Payload, document: dict[str, Any]) -> Payload:
    """Return a copy without optional keys whose value is null: older producers write null for a missing value."""
    required = registry().schema(document["event_type"], document["event_version"])["required"]
    kept = {key: value for key, value in payload.items() if value is not None or key in required}
    if isinstance(deliverable := kept.get("deliverable"), dict):
        kept["deliverable"] = {key: value for key, value in deliverable.items() if value is not None}
    return kept


def with_uuid(key: str, value: Any, as_sent: Payload) -> Any:
    """Return the id as a UUID: unchanged, rewritten with hyphens, or as uuid5 of its text (namespace URL, RFC 9562).

    A changed id is noted in `as_sent`.
    """
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or is_uuid(value):
        return value
    as_sent[key] = value
    try:
        return str(UUID(value))
    except ValueError:
        return str(uuid_of(value))


def uuid_of(text: str) -> UUID:
    """Return the UUID that stands for an id that is no UUID; the same text always has the same UUID."""
    return uuid5(NAMESPACE_URL, text)


# -- one rule a spelling ---------------------------------------------------------------------------
def translate_request(payload: Payload, as_sent: Payload) -> None:
    """Translate a request: `requester: {"name": …}` becomes the name, and `constraints` move into the work context."""
    requester = payload.get("requester")
    if isinstance(requester, dict) and isinstance(requester.get("name"), str):
        as_sent["requester"] = requester
        payload["requester"] = requester["name"]
    if "constraints" in payload and isinstance(payload.get("work_context", {}), dict):
        as_sent["constraints"] = payload.pop("constraints")
        payload["work_context"] = {"constraints": as_sent["constraints"], **payload.get("work_context", {})}


def translate_completed(payload: Payload, as_sent: Payload) -> None:
    """Remove a `status` that repeats the event type ("DONE"); any other status stays, and the contract refuses it."""
    if str(payload.get("status", "")).lower() in FINISHED:
        as_sent["status"] = payload.pop("status")


def translate_failed(payload: Payload, as_sent: Payload) -> None:
    """Move the keys of `failure: {reason, category}` to the top of the payload."""
    failure = payload.get("failure")
    if isinstance(failure, dict) and not failure.keys() & payload.keys():
        as_sent["failure"] = payload.pop("failure")
        payload.update({key: value for key, value in failure.items() if value is not None})


def translate_needed(payload: Payload, as_sent: Payload) -> None:
    """Remove the sender's own `question_id`, which names no question here; a missing reason is then filled in."""
    if "question_id" in payload:
        as_sent.setdefault("question_id", payload.pop("question_id"))
        payload.pop("question_id", None)
        payload.setdefault("reason", NO_REASON)


RULES: dict[str, Rule] = {
    "PROJECT.INITIAL_REQUEST_RECEIVED": translate_request,
    "WORK.ITEM_COMPLETED": translate_completed,
    "WORK.ITEM_FAILED": translate_failed,
    "CLARIFICATION.NEEDED": translate_needed,
}
