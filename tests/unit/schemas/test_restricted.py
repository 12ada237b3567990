"""Schemas that people and workers supply keep to what no input can make slow."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.restricted import ALLOWED, SchemaRefused, check_restricted

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["array", "object", "date", "/x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(ALLOWED)), inner, max_size=4),
    max_leaves=12,
)
DEEP: dict[str, Any] = {"type": "object"}
for _ in range(8):
    DEEP = {"type": "object", "properties": {"x": DEEP}}
FAR_TOO_DEEP = DEEP
for _ in range(300):
    FAR_TOO_DEEP = {"properties": {"x": FAR_TOO_DEEP}}


def test_the_schema_of_a_figure_is_accepted() -> None:
    check_restricted(
        {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0, "examples": [45], "x_unit": "EUR"}
    )


@pytest.mark.parametrize("name", ["dependencies", "pattern", "default", "$ref"])
def test_a_field_may_be_named_like_a_keyword(name: str) -> None:
    check_restricted({"type": "object", "properties": {name: {"type": "string", "maxLength": 9}}})


@given(JUNK)
def test_whatever_is_supplied_is_accepted_or_refused(schema: Any) -> None:
    with suppress(SchemaRefused):
        check_restricted(schema)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"pattern": "^(a+)+$"}, "pattern may not be used"),
        ({"$ref": "http://example.org"}, "may not be used"),
        ({"type": "array", "items": {}, "maxItems": 9, "uniqueItems": True}, "uniqueItems"),
        ({"type": "array", "items": {}}, "needs maxItems"),
        ({"type": "array", "items": {}, "maxItems": 10_000}, "at most"),
        ({"properties": {"x": {"pattern": "a"}}}, "/properties/x"),
        ({"properties": []}, "must be an object"),
        ({"additionalProperties": {"type": "string"}}, "true or false"),
        ({"format": "ipv4"}, "unknown format"),
        ({"x_pointer": "rate"}, "JSON Pointer"),
        ({"type": "nonsense"}, "not a JSON Schema"),
        ({"description": "x" * 20_000}, "larger than"),
        (DEEP, "deeper"),
        ([], "is an object"),
        ({"type": ["array", "null"]}, "needs maxItems"),
        ({"maxItems": 5000.0}, "at most"),
        ({"format": []}, "unknown format"),
        ({"multipleOf": 0.1}, "with a fraction"),
        ({"default": "\x00"}, "NUL"),
        ({"const": 10**30}, "64 bits"),
        ({1: 2}, "not a string"),
        (FAR_TOO_DEEP, "deeper"),
    ],
)
def test_what_could_be_slow_or_fetch_is_refused_with_its_place(schema: Any, says: str) -> None:
    with pytest.raises(SchemaRefused, match=says):
        check_restricted(schema)
