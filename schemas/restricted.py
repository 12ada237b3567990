"""Checks schemas that people and workers supply: only keywords that no document can make slow are allowed."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from schemas import strict_json
from schemas.formats import FORMATS
from schemas.lint import BadSchema, require_sound

ANYWHERE = frozenset(
    {"type", "title", "description", "enum", "const", "default", "examples", "format", "x_unit", "x_pointer"}
)
NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
SIZES = frozenset({"minLength", "maxLength", "minItems", "maxItems"})
NESTING = frozenset({"items", "properties", "required", "additionalProperties"})
ALLOWED = ANYWHERE | NUMBERS | SIZES | NESTING

MAX_BYTES = 16 * 1024
MAX_DEPTH = 6
MAX_ITEMS = 1000


class SchemaRefused(ValueError):
    """A supplied schema is refused; the message names the place and the rule."""


def check_restricted(schema: Any) -> None:
    """Raise SchemaRefused unless the schema keeps to the allowed keywords, its size and its depth."""
    if not isinstance(schema, dict):
        raise SchemaRefused("a schema is an object")
    if fault := fault_of(schema_bytes(schema)):
        raise SchemaRefused(fault)


@lru_cache(maxsize=256)
def fault_of(encoded: bytes) -> str:
    """Return the first fault of a schema (JSON bytes) in words, empty if it has none; cached for each schema."""
    schema = orjson.loads(encoded)
    try:
        require_allowed(schema, "", depth=1)
        require_sound(schema, where="the schema")
    except (SchemaRefused, BadSchema) as error:
        return str(error)
    return ""


def schema_bytes(schema: dict[str, Any]) -> bytes:
    """Return the schema as JSON bytes. Raises SchemaRefused if it is not strict JSON or larger than MAX_BYTES."""
    try:
        encoded = strict_json.dumps(schema)
    except strict_json.InvalidJson as error:
        raise SchemaRefused(f"the schema is not clean JSON: {error}") from error
    if len(encoded) > MAX_BYTES:
        raise SchemaRefused(f"the schema is larger than {MAX_BYTES} bytes")
    return encoded


def require_allowed(schema: Any, pointer: str, *, depth: int) -> None:
    """Raise SchemaRefused unless this schema and every schema below it keep the rules."""
    if not isinstance(schema, dict):
        raise SchemaRefused(f"{pointer or '/'}: a schema is an object")
    if depth > MAX_DEPTH:
        raise SchemaRefused(f"{pointer}: deeper than {MAX_DEPTH} levels")
    if unknown := sorted(set(schema) - ALLOWED):
        raise SchemaRefused(f"{pointer or '/'}: {', '.join(unknown)} may not be used in a supplied schema")
    require_bounded(schema, pointer)
    require_known(schema, pointer)
    for name, below in properties_of(schema, pointer).items():
        require_allowed(below, f"{pointer}/properties/{name}", depth=depth + 1)
    if "items" in schema:
        require_allowed(schema["items"], f"{pointer}/items", depth=depth + 1)


def properties_of(schema: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Return the schema's `properties`, empty if it has none. Raises SchemaRefused if they are not an object."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise SchemaRefused(f"{pointer}/properties: must be an object")
    return properties


def require_bounded(schema: dict[str, Any], pointer: str) -> None:
    """Raise SchemaRefused if the schema allows a list and has no `maxItems`, or one above MAX_ITEMS."""
    bound = schema.get("maxItems")
    if takes_lists(schema) and not isinstance(bound, int):
        raise SchemaRefused(f"{pointer or '/'}: a schema that allows a list needs maxItems, at most {MAX_ITEMS}")
    if isinstance(bound, int | float) and bound > MAX_ITEMS:
        raise SchemaRefused(f"{pointer or '/'}: maxItems is at most {MAX_ITEMS}")


def takes_lists(schema: dict[str, Any]) -> bool:
    """Return True if the schema allows a list, alone or beside other types."""
    kinds = schema.get("type")
    return "items" in schema or kinds == "array" or (isinstance(kinds, list) and "array" in kinds)


def require_known(schema: dict[str, Any], pointer: str) -> None:
    """Raise SchemaRefused unless `additionalProperties`, `format` and `x_pointer` have values that are known."""
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise SchemaRefused(f"{pointer or '/'}: additionalProperties must be true or false")
    if "format" in schema and schema["format"] not in list(FORMATS):
        raise SchemaRefused(f"{pointer or '/'}: unknown format; known are {', '.join(sorted(FORMATS))}")
    if not str(schema.get("x_pointer", "/")).startswith("/"):
        raise SchemaRefused(f"{pointer or '/'}: x_pointer is a JSON Pointer, such as /period/type")


def pointer_to(name: str, schema: Mapping[str, Any]) -> str:
    """Return the JSON Pointer of the field in the work context: the schema's `x_pointer`, else the field's name."""
    pointer: str = schema.get("x_pointer") or "/" + name.replace("~", "~0").replace("/", "~1")
    return pointer
