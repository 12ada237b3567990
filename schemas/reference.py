"""The reference validator (jsonschema) of one JSON Schema: it writes the messages about a document.

A process loads it with the first document that is refused: to import it takes a twentieth of a start.
"""

from collections.abc import Sequence
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError
from referencing import Registry as References
from referencing.jsonschema import DRAFT202012

from schemas.formats import FORMATS


def reference_validator(schema: dict[str, Any], folder: Sequence[dict[str, Any]]) -> Draft202012Validator:
    """Return the validator of the schema, which may refer to the schemas of the folder."""
    references: References[Any] = References().with_resources(
        (known["$id"], DRAFT202012.create_resource(known)) for known in folder
    )
    return Draft202012Validator(schema, format_checker=format_checker(), registry=references)


def format_checker() -> FormatChecker:
    """Return the format checker of the reference validator, made of FORMATS."""
    checker = FormatChecker(formats=())
    for name, function in FORMATS.items():
        checker.checks(name)(function)
    return checker


def fault_of_schema(schema: Any) -> str:
    """Return in words why this is no Draft 2020-12 schema; empty if it is one."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{error.message} at /{'/'.join(map(str, error.path))}"
    return ""
