"""Schemas that people and workers may supply: a short list of keywords that no input can make slow."""

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
    """The schema uses something that supplied schemas may not use."""


def check_restricted(schema: Any) -> None:
    """Raise SchemaRefused unless the schema keeps to the allowed keywords, its size and its depth."""
    if not isinstance(schema, dict):
        raise SchemaRefused("a schema is an object")
    if fault := fault_of(small(schema)):
        raise SchemaRefused(fault)


@lru_cache(maxsize=256)
def fault_of(written: bytes) -> str:
    """What is wrong with the schema, empty if nothing is: found once for a schema, however often it is used."""
    schema = orjson.loads(written)
    try:
        require_allowed(schema, "", depth=1)
        require_sound(schema, where="the schema")
    except (SchemaRefused, BadSchema) as error:
        return str(error)
    return ""


def small(schema: dict[str, Any]) -> bytes:
    """The schema as JSON. Raises SchemaRefused unless it is clean and of bounded size."""
    try:
        written = strict_json.dumps(schema)
    except strict_json.InvalidJson as error:
        raise SchemaRefused(f"the schema is not clean JSON: {error}") from error
    if len(written) > MAX_BYTES:
        raise SchemaRefused(f"the schema is larger than {MAX_BYTES} bytes")
    return written


def require_allowed(schema: Any, pointer: str, *, depth: int) -> None:
    """Judge one schema and those below it."""
    if not isinstance(schema, dict):
        raise SchemaRefused(f"{pointer or '/'}: a schema is an object")
    if depth > MAX_DEPTH:
        raise SchemaRefused(f"{pointer}: deeper than {MAX_DEPTH} levels")
    if unknown := sorted(set(schema) - ALLOWED):
        raise SchemaRefused(f"{pointer or '/'}: {', '.join(unknown)} may not be used here")
    require_bounded(schema, pointer)
    require_known(schema, pointer)
    for name, below in properties_of(schema, pointer).items():
        require_allowed(below, f"{pointer}/properties/{name}", depth=depth + 1)
    if "items" in schema:
        require_allowed(schema["items"], f"{pointer}/items", depth=depth + 1)


def properties_of(schema: dict[str, Any], pointer: str) -> dict[str, Any]:
    """The schema's properties. Raises SchemaRefused when they are no object."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise SchemaRefused(f"{pointer}/properties: an object is needed")
    return properties


def require_bounded(schema: dict[str, Any], pointer: str) -> None:
    """Raise SchemaRefused for a list without a proper upper bound."""
    bound = schema.get("maxItems")
    if takes_lists(schema) and not isinstance(bound, int):
        raise SchemaRefused(f"{pointer or '/'}: a list needs maxItems")
    if isinstance(bound, int | float) and bound > MAX_ITEMS:
        raise SchemaRefused(f"{pointer or '/'}: maxItems is at most {MAX_ITEMS}")


def takes_lists(schema: dict[str, Any]) -> bool:
    """Whether the schema speaks of lists, be it beside other types."""
    kinds = schema.get("type")
    return "items" in schema or kinds == "array" or (isinstance(kinds, list) and "array" in kinds)


def require_known(schema: dict[str, Any], pointer: str) -> None:
    """Formats are known, additionalProperties is yes or no, pointers are pointers."""
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise SchemaRefused(f"{pointer or '/'}: additionalProperties is true or false")
    if "format" in schema and schema["format"] not in list(FORMATS):
        raise SchemaRefused(f"{pointer or '/'}: unknown format; known are {', '.join(sorted(FORMATS))}")
    if not str(schema.get("x_pointer", "/")).startswith("/"):
        raise SchemaRefused(f"{pointer or '/'}: x_pointer is a JSON Pointer, such as /period/type")
