"""What a contract may not contain: words on which validators differ, and anything fetched from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from schemas.formats import FORMATS

# Regular expressions whose meaning differs between Python's engine and others.
AMBIGUOUS_CLASS = re.compile(r"\\[dDwWsSbBpPZ]")
FIRM_END = r"(?!\n)$"
ESCAPE_OR_SET = re.compile(r"\\.|\[[^\]]{0,200}\]", re.DOTALL)

# Where a schema holds further schemas: one, a list of them, or several by name.
ONE = frozenset(
    {"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})


class BadSchema(ValueError):
    """The schema cannot be a contract; the message says where and why."""


def require_sound(schema: Any, *, where: str) -> None:
    """Raise BadSchema unless this is a Draft 2020-12 schema on which both validators agree."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadSchema(f"{where}: not a JSON Schema: {error.message} at /{'/'.join(map(str, error.path))}") from error
    for pointer, part in subschemas(schema):
        for fault in faults(part):
            raise BadSchema(f"{where}{pointer}: {fault}")


def subschemas(schema: Any, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema and every schema inside it with its pointer; a property may have any name, even a keyword's."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key, value in schema.items():
        for place, below in held(key, value):
            yield from subschemas(below, f"{pointer}/{key}{place}")


def held(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The schemas that a keyword holds, each with its place below the keyword."""
    if key in ONE:
        yield "", value
    elif key in LISTED:
        yield from ((f"/{index}", below) for index, below in enumerate(value))
    elif key in NAMED:
        yield from ((f"/{name}", below) for name, below in value.items())


def faults(part: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one schema, those inside it left out."""
    for pattern in (part.get("pattern", ""), *part.get("patternProperties", {})):
        yield from pattern_faults(pattern)
    if isinstance(named := part.get("format"), str) and named not in FORMATS:
        yield f"unknown format {named!r}; known are {', '.join(sorted(FORMATS))}"
    if isinstance(multiple := part.get("multipleOf"), float) and not multiple.is_integer():
        yield "a fractional multipleOf depends on rounding"
    if "dependencies" in part:
        yield "`dependencies` is no keyword of Draft 2020-12"
    for key in ("$ref", "$dynamicRef"):
        if "://" in part.get(key, ""):
            yield f"{key} {part[key]!r} leaves the folder"


def pattern_faults(pattern: str) -> Iterator[str]:
    """What is wrong with a regular expression."""
    if found := AMBIGUOUS_CLASS.search(pattern):
        yield f"pattern {pattern!r}: {found.group()} differs between engines; write the class out"
    if "$" in ESCAPE_OR_SET.sub("", pattern.replace(FIRM_END, "")):
        yield f"pattern {pattern!r}: a bare $ also matches before a newline; write (?!\\n)$"
