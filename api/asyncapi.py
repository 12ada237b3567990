"""The AsyncAPI document: what is on the streams and which way it goes, made from the contracts."""

from functools import cache
from typing import Any

from django.conf import settings

from events.streams import DISPATCH, work_stream
from schemas.registry import registry

Json = dict[str, Any]
LOG, WORK = "log", "work"
# What only the registry of the contracts needs.
OWN_KEYS = ("$schema", "$id", "x_invalid_examples", "x_event_type", "x_event_version", "x_owner", "x_direction")


@cache
def document() -> Json:
    """AsyncAPI 3.0: two kinds of streams, a message an event type, and who sends it."""
    contracts = registry().contracts()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interlock",
            "version": settings.SPECTACULAR_SETTINGS["VERSION"],
            "description": "Entries of Redis Streams; the field `event` of each is one of these messages, as JSON.",
        },
        "defaultContentType": "application/json",
        "channels": {
            LOG: {
                "address": settings.STREAM_NAME,
                "description": "Everything that happens, in both directions.",
                "messages": {name_of(*one): reference("messages", name_of(*one)) for one in contracts},
            },
            WORK: {
                "address": work_stream("{agent}"),
                "description": "The dispatches for one agent.",
                "parameters": {"agent": {"description": "The `agent_target` of the items."}},
                "messages": {
                    name_of(*one): reference("messages", name_of(*one)) for one in contracts if one[0] == DISPATCH
                },
            },
        },
        "operations": operations(contracts),
        "components": {
            "messages": {name_of(*one): message(*one) for one in contracts},
            "schemas": {component(schema["$id"]): embedded(schema) for schema in registry().documents()},
        },
    }


def operations(contracts: list[tuple[str, int]]) -> Json:
    """What Interlock receives and what it sends."""
    made: Json = {}
    for one in contracts:
        direction = registry().direction(*one)
        for action in ("receive", "send"):
            if direction in ("both", {"receive": "in", "send": "out"}[action]):
                made[f"{action}.{name_of(*one)}"] = operation(action, LOG, *one)
        if one[0] == DISPATCH:
            made[f"send.{WORK}.{name_of(*one)}"] = operation("send", WORK, *one)
    return made


def operation(action: str, channel: str, event_type: str, version: int) -> Json:
    """One message on one channel, as Interlock has to do with it."""
    name = name_of(event_type, version)
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": registry().description(event_type, version),
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
    }


def message(event_type: str, version: int) -> Json:
    """An event type: the envelope around its payload, with the contract's own examples."""
    schema = registry().schema(event_type, version)
    said = {"const": event_type}
    inside = {
        "event_type": said,
        "event_version": {"const": version},
        "payload": reference("schemas", component(schema["$id"])),
    }
    envelope = reference("schemas", component(registry().envelope.schema["$id"]))
    return {
        "name": event_type,
        "title": event_type,
        "summary": schema["description"],
        "contentType": "application/json",
        "payload": {"allOf": [envelope, {"type": "object", "properties": inside}]},
        "examples": [{"payload": wrapped(event_type, version, payload)} for payload in schema["examples"]],
    }


def wrapped(event_type: str, version: int, payload: Json) -> Json:
    """The envelope's example around this payload."""
    [example, *_others] = registry().envelope.schema["examples"]
    return {**example, "event_type": event_type, "event_version": version, "payload": payload}


def embedded(value: Any) -> Any:
    """A schema as a part of the document: references lead to its components."""
    if isinstance(value, dict):
        kept = {key: embedded(inner) for key, inner in value.items() if key not in OWN_KEYS}
        if "$ref" in kept:
            kept["$ref"] = reference("schemas", component(kept["$ref"]))["$ref"]
        return kept
    return [embedded(inner) for inner in value] if isinstance(value, list) else value


def reference(kind: str, name: str) -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def component(urn: str) -> str:
    """The name of a schema among the components: the last parts of its URN."""
    return urn.removeprefix("urn:interlock:").replace(":", ".")


def name_of(event_type: str, version: int) -> str:
    """The name of an event type among the messages."""
    return f"{event_type}.v{version}"
