"""Writes the contracts as a page for people: each type's fields, a valid example, and refused ones with the reason."""

import json
from collections.abc import Iterator
from typing import Any

from schemas.registry import Registry

DIRECTIONS = {"in": "comes in", "out": "goes out", "both": "comes in and goes out"}


def contracts_page(contracts: Registry) -> str:
    """Return the whole page as Markdown."""
    chapters = [chapter(contracts.schema(kind)) for kind in contracts.event_types()]
    return "\n".join(
        [
            "# Contracts",
            "",
            "Every event on the wire is an envelope with a payload. This page is made from the schemas by",
            "`manage.py schemas docs`; a test keeps the two together.",
            "",
            *examples(contracts.envelope.schema, "Envelope"),
            *chapters,
        ]
    )


def chapter(schema: dict[str, Any]) -> str:
    """Return the section of one event type."""
    return "\n".join([*heading(schema), *fields(schema), "", *examples(schema, "")])


def heading(schema: dict[str, Any]) -> list[str]:
    """Return the lines with the type's name, its description, its direction and the group that handles it."""
    owner = f"; the group `{schema['x_owner']}` handles it" if "x_owner" in schema else ""
    direction = DIRECTIONS[schema["x_direction"]].capitalize()
    return ["", f"## {schema['x_event_type']}", "", schema["description"], "", f"{direction}{owner}.", ""]


def fields(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the table of the payload's fields, one row for each."""
    yield "| field | needed | type |"
    yield "|---|---|---|"
    for name, part in schema["properties"].items():
        yield f"| `{name}` | {'yes' if name in schema['required'] else 'no'} | {type_of(part)} |"


def type_of(part: dict[str, Any]) -> str:
    """Return the type of a field in a few words."""
    if "$ref" in part:
        return str(part["$ref"]).split(":")[-2].replace("_", " ")
    if "anyOf" in part:
        return " or ".join(type_of(way) for way in part["anyOf"])
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    return str(part.get("format") or part.get("type") or "anything")


def examples(schema: dict[str, Any], title: str) -> list[str]:
    """Return the lines with the first valid example as JSON and with each invalid example and its reason."""
    lines = [f"## {title}", ""] if title else []
    lines += ["```json", json.dumps(schema["examples"][0], indent=2, ensure_ascii=False), "```", "", "Refused:", ""]
    return lines + [f"- {refused(schema, invalid)}" for invalid in schema["x_invalid_examples"]]


def refused(schema: dict[str, Any], invalid: dict[str, Any]) -> str:
    """Return one line about an invalid example: how it differs from the first valid one, and why it is refused."""
    valid, payload = schema["examples"][0], invalid["payload"]
    without = [f"without `{key}`" for key in valid if key not in payload]
    changed = [f"`{key}`: `{short_json(payload[key])}`" for key in payload if valid.get(key) != payload[key]]
    return f"{', '.join([*without, *changed])}: {invalid['why']}"


def short_json(value: Any) -> str:
    """Return the value as JSON, cut to 80 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
