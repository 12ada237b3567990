"""What a schema says is missing from a work context, and where an answer goes. No database here."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from clarifications.sentences import in_words
from events.texts import shortened
from schemas.compiled import compile_schema

# As much of a value as a question repeats.
LONGEST_GIVEN = 100
NEEDED = gettext_noop("We need this figure to continue; it was not in your request.")
# What nobody described: a person writes text, and a program may send any value but null.
ANYTHING = {
    "type": ["string", "number", "boolean", "object", "array"],
    "minLength": 1,
    "maxLength": 10_000,
    "maxItems": 1000,
}
# What answers a question whether an item may go, or its work is accepted.
APPROVAL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["approved"],
    "properties": {
        "approved": {"type": "boolean", "title": gettext_noop("Approve?")},
        "notes": {
            "type": "string",
            "title": gettext_noop("What should be done differently?"),
            "maxLength": 10_000,
        },
    },
    "additionalProperties": False,
}
# What every agent reads has one meaning, whoever asks for it: an asker without a schema of its own gets this one.
KNOWN: dict[str, dict[str, Any]] = {
    "rows": {
        "type": "array",
        "title": gettext_noop("What the team did"),
        "description": gettext_noop("One row per task: what was done, its category, and how many minutes it took."),
        "minItems": 1,
        "maxItems": 1000,
        "items": {
            "type": "object",
            "properties": {
                "text": {"type": "string", "title": gettext_noop("What was done"), "minLength": 1, "maxLength": 4096},
                "category": {"type": "string", "title": gettext_noop("Category"), "maxLength": 200},
                "estimated_minutes": {
                    "type": "number",
                    "title": gettext_noop("Minutes"),
                    "minimum": 0,
                    "maximum": 10_000_000,
                },
            },
            "required": ["text"],
            "additionalProperties": False,
        },
    },
    "hourly_rate": {
        "type": "number",
        "title": gettext_noop("Hourly rate"),
        "description": gettext_noop("What does one hour of this team's work cost, everything included?"),
        "exclusiveMinimum": 0,
        "maximum": 100_000,
        "examples": [45],
    },
    "period": {
        "type": "object",
        "title": gettext_noop("Period"),
        "description": gettext_noop("The time that the rows cover."),
        "properties": {
            "type": {"enum": ["day", "week", "month", "quarter", "year"], "title": gettext_noop("Length")},
            "working_days": {"type": "integer", "title": gettext_noop("Working days"), "minimum": 1, "maximum": 31},
        },
        "required": ["type"],
        "additionalProperties": False,
    },
    "request_text": {
        "type": "string",
        "title": gettext_noop("What should be looked at?"),
        "minLength": 8,
        "maxLength": 100_000,
    },
}


@dataclass(frozen=True, slots=True)
class MissingField:
    """A field to ask for: its name, its schema, and why."""

    name: str
    schema: Mapping[str, Any]
    reason: str


def missing_fields(needs: Mapping[str, Any], data: Mapping[str, Any]) -> list[MissingField]:
    """The fields that `needs` (a JSON Schema of an object) demands and `data` lacks or holds invalid."""
    properties = needs.get("properties", {})
    absent = {name: NEEDED for name in needs.get("required", ()) if name not in data}
    invalid = {name: given_in_words(data[name], message) for name, message in faults(needs, data).items()}
    return [
        MissingField(name, properties.get(name) or schema_of(name), why) for name, why in {**invalid, **absent}.items()
    ]


def schema_of(name: str, said: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is asked for under this name: a known field is asked for in one way, any other as the asker says."""
    return KNOWN.get(name) or said or ANYTHING


def given_in_words(value: Any, message: str) -> str:
    """Why a value that was given has to be asked for again: what it was, and what is wrong with it."""
    given = shortened(json.dumps(value, ensure_ascii=False), LONGEST_GIVEN)
    return f"What was given is not valid: {given}. {message}"


def faults(needs: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    """Top-level field → what is wrong with the value it holds."""
    found: dict[str, str] = {}
    for problem in compile_schema(dict(needs)).problems(dict(data)):
        if problem.pointer.strip("/"):
            name = unescaped(problem.pointer.split("/")[1])
            found.setdefault(name, in_words(problem, needs, title=name))
    return found


def unescaped(token: str) -> str:
    """A JSON Pointer token as plain text (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~")


def pointer_to(name: str, schema: Mapping[str, Any]) -> str:
    """Where the field's value lives in the work context: where its schema says, or under its name."""
    named: str = schema.get("x_pointer") or "/" + name.replace("~", "~0").replace("/", "~1")
    return named


def merged(data: Mapping[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """A copy of the data with the value at the pointer; objects on the way are made where they lack."""
    result = copy.copy(dict(data))
    place = result
    *path, last = [unescaped(token) for token in pointer.split("/")[1:]]
    for token in path:
        below = place.get(token)
        place[token] = dict(below) if isinstance(below, dict) else {}
        place = place[token]
    place[last] = value
    return result
