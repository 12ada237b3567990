"""What a contract finds missing in a work context is exactly what is asked, and an answer lands where it belongs."""

import copy
from typing import Any

import pytest

from clarifications.contract import ANYTHING, missing_fields, with_value_at
from schemas.restricted import pointer_to

RATE = {"type": "number", "title": "Hourly rate", "exclusiveMinimum": 0}
TEAM = {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}
NEEDS = {"type": "object", "required": ["rate", "team"], "properties": {"rate": RATE, "team": TEAM}}


def asked(data: dict[str, Any], needs: dict[str, Any] = NEEDS) -> list[str]:
    """The names of the fields that would be asked for."""
    return sorted(field.name for field in missing_fields(needs, data))


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({}, ["rate", "team"]),
        ({"rate": 45}, ["team"]),
        ({"rate": 45, "team": {"size": 3}}, []),
        ({"rate": 45, "team": {"size": 3}, "more": None}, []),
        ({"rate": 0, "team": {"size": 3}}, ["rate"]),
        ({"rate": None, "team": {}}, ["rate", "team"]),
        ({"rate": "45", "team": {"size": "many"}}, ["rate", "team"]),
    ],
    ids=["nothing", "one", "all", "more than all", "out of bounds", "null and incomplete", "wrong types"],
)
def test_what_is_absent_or_invalid_is_missing(data: dict[str, Any], names: list[str]) -> None:
    assert asked(data) == names


def test_no_contract_misses_nothing() -> None:
    assert asked({}, {}) == []


def test_a_missing_field_brings_its_schema_and_the_reason() -> None:
    invalid, absent = sorted(missing_fields(NEEDS, {"rate": -1}), key=lambda field: field.name)
    assert (invalid.schema, absent.schema) == (RATE, TEAM)
    assert "-1" in invalid.reason
    assert "not in your request" in absent.reason


def test_a_field_without_a_schema_is_asked_as_text() -> None:
    (field,) = missing_fields({"type": "object", "required": ["month"]}, {})
    assert field.schema == ANYTHING


def test_an_optional_field_is_asked_for_only_when_it_is_invalid() -> None:
    needs = {"type": "object", "properties": {"rate": RATE}}
    assert (asked({}, needs), asked({"rate": "a lot"}, needs)) == ([], ["rate"])


@pytest.mark.parametrize("name", ["a/b", "a~b", "~1", "/"], ids=repr)
def test_any_field_name_survives_the_way_through_its_pointer(name: str) -> None:
    assert with_value_at({}, pointer_to(name, {}), 1) == {name: 1}
    assert asked({name: "x"}, {"type": "object", "properties": {name: RATE}}) == [name]


@pytest.mark.parametrize(
    ("data", "pointer", "result"),
    [
        ({"a": 1}, "/b", {"a": 1, "b": 9}),
        ({"a": 1}, "/a", {"a": 9}),
        ({}, "/period/days", {"period": {"days": 9}}),
        ({"period": {"type": "month"}}, "/period/days", {"period": {"type": "month", "days": 9}}),
        ({"period": "month"}, "/period/days", {"period": {"days": 9}}),
        ({"period": [1]}, "/period/days/a", {"period": {"days": {"a": 9}}}),
    ],
    ids=["beside", "over", "into nothing", "into an object", "in place of a text", "deeper"],
)
def test_a_value_is_merged_at_its_pointer(data: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
    before = copy.deepcopy(data)
    assert with_value_at(data, pointer, 9) == result
    assert data == before


def test_a_schema_may_say_where_its_answer_goes() -> None:
    assert pointer_to("days", {"x_pointer": "/period/working_days"}) == "/period/working_days"
