"""What a contract may not contain: words on which validators differ, and anything fetched from elsewhere."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from schemas.formats import FORMATS

# Regular expressions whose meaning differs between Python's engine and others.
AMBIGUOUS_CLASS = re.compile(r"\\[dDwWsSbBpPZ]")
BARE_END = re.compile(r"(?<!\(\?!\\n\))\$$")


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
    """Every object inside the schema with its pointer, examples left out."""
    if isinstance(schema, dict):
        yield pointer, schema
        for key, below in schema.items():
            if key not in ("examples", "x_invalid_examples", "default", "const", "enum"):
                yield from subschemas(below, f"{pointer}/{key}")
    elif isinstance(schema, list):
        for index, below in enumerate(schema):
            yield from subschemas(below, f"{pointer}/{index}")


def faults(part: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one object of a schema."""
    if isinstance(pattern := part.get("pattern"), str):
        yield from pattern_faults(pattern)
    if isinstance(named := part.get("format"), str) and named not in FORMATS:
        yield f"unknown format {named!r}; known are {', '.join(sorted(FORMATS))}"
    if isinstance(multiple := part.get("multipleOf"), float) and not multiple.is_integer():
        yield "a fractional multipleOf depends on rounding"
    if "dependencies" in part and not isinstance(part["dependencies"], str):
        yield "`dependencies` is no keyword of Draft 2020-12"
    if isinstance(reference := part.get("$ref"), str) and "://" in reference:
        yield f"$ref {reference!r} leaves the folder"


def pattern_faults(pattern: str) -> Iterator[str]:
    """What is wrong with a regular expression."""
    if found := AMBIGUOUS_CLASS.search(pattern):
        yield f"pattern {pattern!r}: {found.group()} differs between engines; write the class out"
    if BARE_END.search(pattern):
        yield f"pattern {pattern!r}: a bare $ also matches before a newline; write (?!\\n)$"
