"""Refuses what a contract may not contain: expressions on which validators differ, and references to other places."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from schemas.formats import FORMATS

# Character classes whose meaning differs between Python's engine and others.
AMBIGUOUS_CLASS = re.compile(r"\\[dDwWsSbBpPZ]")
FIRM_END = r"(?!\n)$"
ESCAPE_OR_SET = re.compile(r"\\.|\[[^\]]{0,200}\]", re.DOTALL)

# Keywords that hold further schemas: exactly one, a list, or an object whose keys are names.
ONE = frozenset(
    {"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})

META_SCHEMA = jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"})


class BadSchema(ValueError):
    """The schema cannot be a contract; the message names the place and the reason."""


def require_sound(schema: Any, *, where: str) -> None:
    """Raise BadSchema unless this is a Draft 2020-12 schema on which both validators agree."""
    if not fits_at_a_glance(schema):
        require_schema(schema, where=where)
    for pointer, part in subschemas(schema):
        for fault in schema_faults(part):
            raise BadSchema(f"{where}{pointer}: {fault}")


def fits_at_a_glance(schema: Any) -> bool:
    """Return True if the schema fits the meta-schema and its patterns are expressions.

    Says the same as `require_schema` in a fiftieth of the time, which each process needs at its start, and gives no
    reason.
    """
    patterns = (pattern for _, part in subschemas(schema) for pattern in patterns_of(part))
    return META_SCHEMA.is_valid(schema) and all(map(is_expression, patterns))


def is_expression(pattern: str) -> bool:
    """Return True if Python can compile the regular expression."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def require_schema(schema: Any, *, where: str) -> None:
    """Raise BadSchema, with place and reason, unless this is a Draft 2020-12 schema."""
    from schemas.reference import fault_of_schema  # where it is needed: see there

    if fault := fault_of_schema(schema):
        raise BadSchema(f"{where}: not a JSON Schema: {fault}")


def subschemas(schema: Any, pointer: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (pointer, schema) for the schema and for every schema inside it.

    Only keywords that hold schemas are followed, since a property may have the name of a keyword.
    """
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key, value in schema.items():
        for place, below in schemas_under(key, value):
            yield from subschemas(below, f"{pointer}/{key}{place}")


def schemas_under(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield (place below the keyword, schema) for each schema that the value of this keyword holds."""
    if key in ONE:
        yield "", value
    elif key in LISTED:
        yield from ((f"/{index}", below) for index, below in enumerate(value))
    elif key in NAMED:
        yield from ((f"/{name}", below) for name, below in value.items())


def schema_faults(part: dict[str, Any]) -> Iterator[str]:
    """Yield the faults of one schema in words; schemas inside it are not looked at."""
    for pattern in patterns_of(part):
        yield from pattern_faults(pattern)
    if isinstance(named := part.get("format"), str) and named not in FORMATS:
        yield f"unknown format {named!r}; known are {', '.join(sorted(FORMATS))}"
    if isinstance(multiple := part.get("multipleOf"), float) and not multiple.is_integer():
        yield "a multipleOf with a fraction depends on rounding; use a whole number"
    if "dependencies" in part:
        yield "`dependencies` is not a keyword of Draft 2020-12; write dependentRequired or dependentSchemas"
    for key in ("$ref", "$dynamicRef"):
        if "://" in part.get(key, ""):
            yield f"{key} {part[key]!r} names a schema outside of the folder of schemas"


def patterns_of(part: dict[str, Any]) -> tuple[str, ...]:
    """Return the regular expressions of one schema."""
    return (part.get("pattern", ""), *part.get("patternProperties", {}))


def pattern_faults(pattern: str) -> Iterator[str]:
    """Yield the faults of a regular expression in words."""
    if match := AMBIGUOUS_CLASS.search(pattern):
        yield f"pattern {pattern!r}: {match.group()} differs between engines; write the class out"
    if "$" in ESCAPE_OR_SET.sub("", pattern.replace(FIRM_END, "")):
        yield f"pattern {pattern!r}: a bare $ also matches before a newline; write (?!\\n)$"
