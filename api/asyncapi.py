"""The AsyncAPI document: which messages are on which stream and who sends them, generated from the contracts."""

from functools import cache
from typing import Any

from django.conf import settings

from events.envelope import DISPATCH
from events.partitions import has_door
from events.streams import work_stream
from schemas.registry import registry

Json = dict[str, Any]
LOG, PARTITION, WORK = "log", "partition", "work"
# Keywords of a contract file that only the registry reads; they are left out of the document.
REGISTRY_KEYS = ("$schema", "$id", "x_invalid_examples", "x_event_type", "x_event_version", "x_owner", "x_direction")


@cache
def document() -> Json:
    """Return the AsyncAPI 3.0 document: the log, the work streams, one message for each version of an event type."""
    contracts = registry().contracts()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Interlock",
            "version": settings.SPECTACULAR_SETTINGS["VERSION"],
            "description": "Entries of Redis Streams. The field `event` of each holds one of these messages as JSON.",
        },
        "defaultContentType": "application/json",
        "channels": channels(contracts),
        "operations": operations(contracts),
        "components": {
            "messages": {message_name(*contract): message(*contract) for contract in contracts},
            "schemas": {component_name(schema["$id"]): as_component(schema) for schema in registry().documents()},
        },
    }


def channels(contracts: list[tuple[str, int]]) -> Json:
    """Return the `channels` object: the log, and the work stream of an agent."""
    names = [message_name(*contract) for contract in contracts]
    dispatches = [message_name(*contract) for contract in contracts if contract[0] == DISPATCH]
    described = "The log: all events, both those that Interlock sends and those that it receives."
    if has_door():
        described = "The door: events that Interlock receives, and each dispatch. The partitions carry what it sends."
    return {
        LOG: {
            "address": settings.STREAM_NAME,
            "description": described,
            "messages": {name: reference("messages", name) for name in names},
        },
        **({PARTITION: partition_channel(names)} if has_door() else {}),
        WORK: {
            "address": work_stream("{agent}"),
            "description": "The work stream of one agent: the items that are dispatched to it.",
            "parameters": {"agent": {"description": "The `agent_target` of the items."}},
            "messages": {name: reference("messages", name) for name in dispatches},
        },
    }


def partition_channel(names: list[str]) -> Json:
    """Return the channel of one partition of the log."""
    which = [f"{{{number}}}" for number in range(settings.PARTITIONS)]
    words = "The partition's number in braces, which belong to the name: CRC-32 of the project id, modulo their count."
    return {
        "address": f"{settings.STREAM_NAME}:{{partition}}",
        "description": "A partition of the log: all events of its projects that Interlock sends, in their order.",
        "parameters": {"partition": {"description": words, "enum": which}},
        "messages": {name: reference("messages", name) for name in names},
    }


def operations(contracts: list[tuple[str, int]]) -> Json:
    """Return the `operations` object: every message that Interlock receives or sends, on each of its channels."""
    operations_by_name: Json = {}
    for contract in contracts:
        direction = registry().direction(*contract)
        for action in ("receive", "send"):
            if direction in ("both", {"receive": "in", "send": "out"}[action]):
                operations_by_name[f"{action}.{message_name(*contract)}"] = operation(action, LOG, *contract)
        if contract[0] == DISPATCH:
            operations_by_name[f"send.{WORK}.{message_name(*contract)}"] = operation("send", WORK, *contract)
    return operations_by_name


def operation(action: str, channel: str, event_type: str, version: int) -> Json:
    """Return one operation: Interlock receives or sends (`action`) this message on this channel."""
    name = message_name(event_type, version)
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": registry().description(event_type, version),
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"}],
    }


def message(event_type: str, version: int) -> Json:
    """Return the message of an event type: the envelope with its payload, and the examples of the contract."""
    schema = registry().schema(event_type, version)
    properties = {
        "event_type": {"const": event_type},
        "event_version": {"const": version},
        "payload": reference("schemas", component_name(schema["$id"])),
    }
    envelope = reference("schemas", component_name(registry().envelope.schema["$id"]))
    return {
        "name": event_type,
        "title": event_type,
        "summary": schema["description"],
        "contentType": "application/json",
        "payload": {"allOf": [envelope, {"type": "object", "properties": properties}]},
        "examples": [{"payload": event_example(event_type, version, payload)} for payload in schema["examples"]],
    }


def event_example(event_type: str, version: int, payload: Json) -> Json:
    """Return a whole event as an example: the envelope's own example with this type, version and payload."""
    [example, *_others] = registry().envelope.schema["examples"]
    return {**example, "event_type": event_type, "event_version": version, "payload": payload}


def as_component(value: Any) -> Any:
    """Return the schema for use inside the document: own keywords removed, references changed to components."""
    if isinstance(value, dict):
        converted = {key: as_component(inner) for key, inner in value.items() if key not in REGISTRY_KEYS}
        if "$ref" in converted:
            converted["$ref"] = reference("schemas", component_name(converted["$ref"]))["$ref"]
        return converted
    return [as_component(inner) for inner in value] if isinstance(value, list) else value


def reference(kind: str, name: str) -> Json:
    """Return a JSON reference to the component of this kind and name."""
    return {"$ref": f"#/components/{kind}/{name}"}


def component_name(urn: str) -> str:
    """Return the component name of a schema: its URN without the prefix, with dots for colons."""
    return urn.removeprefix("urn:interlock:").replace(":", ".")


def message_name(event_type: str, version: int) -> str:
    """Return the message name of a version of an event type, such as `PROJECT.OPENED.v1`."""
    return f"{event_type}.v{version}"
