"""Comparing a work context with the schema of what an item needs, and merging answers into it. Uses no database."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from clarifications.sentences import fault_in_words
from events.texts import shortened
from schemas.compiled import compile_schema
from schemas.currencies import CODES

# In characters; a question quotes an invalid value up to this length.
LONGEST_GIVEN = 100
DEFAULT_REASON = gettext_noop("We need this figure to continue; it was not in your request.")
# The schema of a field that has no other: a person writes text, and a program may send any value but null.
ANYTHING = {
    "type": ["string", "number", "boolean", "object", "array"],
    "minLength": 1,
    "maxLength": 10_000,
    "maxItems": 1000,
}
# The schema of the answer to an approval.
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
# Fields that all agents read: each is asked for with one schema, whichever worker asks.
KNOWN_FIELDS: dict[str, dict[str, Any]] = {
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
                # What a file tells beside them; nobody types it into a form.
                "started_at": {"type": "string", "maxLength": 64, "x_only_in_files": True},
                "ended_at": {"type": "string", "maxLength": 64, "x_only_in_files": True},
                "person": {"type": "string", "maxLength": 4096, "x_only_in_files": True},
                "case": {"type": "string", "maxLength": 4096, "x_only_in_files": True},
                "row": {"type": "integer", "minimum": 1, "x_only_in_files": True},
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
    "currency": {
        "type": "string",
        "title": gettext_noop("Currency"),
        "description": gettext_noop("In which currency is the hourly rate?"),
        "enum": list(CODES),
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
    """A field that a person has to be asked for: its name, its JSON Schema, and the reason."""

    name: str
    schema: Mapping[str, Any]
    reason: str


def missing_fields(needs: Mapping[str, Any], data: Mapping[str, Any]) -> list[MissingField]:
    """Return the fields that are required by `needs` (JSON Schema of an object) and missing or invalid in `data`."""
    properties = needs.get("properties", {})
    absent = {name: DEFAULT_REASON for name in needs.get("required", ()) if name not in data}
    invalid = {name: given_in_words(data[name], message) for name, message in field_faults(needs, data).items()}
    return [
        MissingField(name, properties.get(name) or schema_of(name), why) for name, why in {**invalid, **absent}.items()
    ]


def schema_of(name: str, proposed: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema to ask for a field: the one in KNOWN_FIELDS, else the proposed one, else ANYTHING."""
    return KNOWN_FIELDS.get(name) or proposed or ANYTHING


def given_in_words(value: Any, message: str) -> str:
    """Return the reason for asking again: the value that was given, shortened, and what is wrong with it."""
    quoted = shortened(json.dumps(value, ensure_ascii=False), LONGEST_GIVEN)
    return f"What was given is not valid: {quoted}. {message}"


def field_faults(needs: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    """Return the first fault of each top-level field of `data`: field name → sentence. Missing fields are no faults."""
    fault_by_field: dict[str, str] = {}
    for problem in compile_schema(dict(needs)).problems(dict(data)):
        if problem.pointer.strip("/"):
            name = unescaped(problem.pointer.split("/")[1])
            fault_by_field.setdefault(name, fault_in_words(problem, needs, title=name))
    return fault_by_field


def unescaped(token: str) -> str:
    """Return a token of a JSON Pointer without its escapes (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~")


def with_value_at(data: Mapping[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """Return a copy of the data with the value set at the JSON Pointer; missing objects on the path are created.

    A value on the path that is not an object is replaced by one. The data itself is not changed.
    """
    result = copy.copy(dict(data))
    place = result
    *path, last = [unescaped(token) for token in pointer.split("/")[1:]]
    for token in path:
        inner = place.get(token)
        place[token] = dict(inner) if isinstance(inner, dict) else {}
        place = place[token]
    place[last] = value
    return result
