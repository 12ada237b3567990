"""Schemas that people and workers supply keep to what no input can make slow."""

from typing import Any

import pytest

from schemas.restricted import SchemaRefused, check_restricted

DEEP: dict[str, Any] = {"type": "object"}
for _ in range(8):
    DEEP = {"type": "object", "properties": {"x": DEEP}}


def test_the_schema_of_a_figure_is_accepted() -> None:
    check_restricted(
        {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0, "examples": [45], "x_unit": "EUR"}
    )


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"pattern": "^(a+)+$"}, "pattern may not be used"),
        ({"$ref": "http://example.org"}, "may not be used"),
        ({"type": "array", "items": {}, "maxItems": 9, "uniqueItems": True}, "uniqueItems"),
        ({"type": "array", "items": {}}, "needs maxItems"),
        ({"type": "array", "items": {}, "maxItems": 10_000}, "at most"),
        ({"properties": {"x": {"pattern": "a"}}}, "/properties/x"),
        ({"properties": []}, "object is needed"),
        ({"additionalProperties": {"type": "string"}}, "true or false"),
        ({"format": "ipv4"}, "unknown format"),
        ({"x_pointer": "rate"}, "JSON Pointer"),
        ({"type": "nonsense"}, "not a JSON Schema"),
        ({"description": "x" * 20_000}, "larger than"),
        (DEEP, "deeper"),
        ([], "is an object"),
    ],
)
def test_what_could_be_slow_or_fetch_is_refused_with_its_place(schema: Any, says: str) -> None:
    with pytest.raises(SchemaRefused, match=says):
        check_restricted(schema)
