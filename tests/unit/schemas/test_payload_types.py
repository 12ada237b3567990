"""The type of each payload says what its contract says: neither has a property, a type or a null that the other lacks.

Both are brought into one form, a line for each place in the payload, and the lines are compared. So a finding names its
place: `/deliverable/confidence: the type says number; the contract says number, may be left out`.
"""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from schemas.payloads import PAYLOADS
from schemas.registry import registry

# Each place in a payload (a JSON Pointer, `*` for the parts of a list, `?` for the values under any key), and what may
# be there.
Places = dict[str, str]

DOCUMENTS = {document["$id"]: document for document in registry().documents()}
PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null", Any: "anything"}
LEFT_OUT = ", may be left out"
# The keywords that say which values there may be in a way that a type can say too.
STRUCTURE = {"$ref", "type", "properties", "required", "additionalProperties", "items", "enum", "anyOf"}
# Those that a type cannot say, and those that only describe.
BEYOND_TYPES = {"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "maxProperties"} | {
    *("propertyNames", "format", "description", "title", "examples", "$schema", "$id"),
    *("x_event_type", "x_event_version", "x_direction", "x_owner", "x_invalid_examples"),
}


# -- what a contract says ----------------------------------------------------------------------------
def places_of_contract(schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    """Yield each place at and below this schema, with what the contract allows there."""
    schema = resolved(schema)
    unknown = schema.keys() - STRUCTURE - BEYOND_TYPES
    assert not unknown, f"{at or '/'}: teach this test the keywords {sorted(unknown)}, or name them in BEYOND_TYPES"
    yield at, contract_values(schema)
    for name, below in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", []) else LEFT_OUT
        yield from beneath(places_of_contract(below, f"{at}/{name}"), optional)
    if isinstance(values := schema.get("additionalProperties"), dict):
        yield from places_of_contract(values, f"{at}/?")
    if "items" in schema:
        yield from places_of_contract(schema["items"], f"{at}/*")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with what its $ref leads to; what both require is required."""
    if "$ref" not in schema:
        return schema
    target = DOCUMENTS[schema["$ref"]]
    required = [*target.get("required", []), *schema.get("required", [])]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}, "required": required}


def contract_values(schema: dict[str, Any]) -> str:
    """Return in a line which values the schema allows: the names of JSON's types, or the values of an enum."""
    if "enum" in schema:
        return one_line(repr(value) for value in schema["enum"])
    # An alternative that only requires other properties is beyond what a type can say.
    alternatives = [one for one in schema.get("anyOf", []) if one.keys() != {"required"}]
    if alternatives:
        return one_line(contract_values(one) for one in alternatives)
    kinds = schema.get("type", "anything")
    return one_line([kinds] if isinstance(kinds, str) else kinds)


# -- what a type says --------------------------------------------------------------------------------
def places_of_type(hint: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield each place at and below this type, with what the type allows there."""
    yield at, type_values(hint)
    for one in alternatives_of(hint):
        if is_typeddict(one):
            for name, below in get_type_hints(one).items():
                optional = "" if name in one.__required_keys__ else LEFT_OUT
                yield from beneath(places_of_type(below, f"{at}/{name}"), optional)
        elif get_origin(one) is list:
            yield from places_of_type(get_args(one)[0], f"{at}/*")
        elif get_origin(one) is dict and get_args(one)[1] is not Any:
            yield from places_of_type(get_args(one)[1], f"{at}/?")


def alternatives_of(hint: Any) -> tuple[Any, ...]:
    """Return the parts of a union, or the type alone."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def type_values(hint: Any) -> str:
    """Return in a line which values the type allows, in the words of a contract."""
    return one_line(word for one in alternatives_of(hint) for word in words_of(one))


def words_of(hint: Any) -> list[str]:
    """Return the words for a type that is no union."""
    if get_origin(hint) is Literal:
        return [repr(value) for value in get_args(hint)]
    if is_typeddict(hint) or get_origin(hint) is dict:
        return ["object"]
    return ["array"] if get_origin(hint) is list else [PRIMITIVES[hint]]


# -- the two beside each other -----------------------------------------------------------------------
def one_line(words: Any) -> str:
    """Return the words in one order, whatever order they came in."""
    return " or ".join(sorted(words))


def beneath(places: Iterator[tuple[str, str]], optional: str) -> Iterator[tuple[str, str]]:
    """Yield the places, the first of them marked if it may be left out."""
    at, values = next(places)
    yield at, values + optional
    yield from places


def differences(in_type: Places, in_contract: Places) -> list[str]:
    """Return a line for each place where the two do not say the same."""
    return [
        f"{at or '/'}: the type says {in_type.get(at, 'nothing')}; the contract says {in_contract.get(at, 'nothing')}"
        for at in sorted(in_type.keys() | in_contract.keys())
        if in_type.get(at) != in_contract.get(at)
    ]


@pytest.mark.parametrize("event_type", registry().event_types())
def test_the_type_of_a_payload_says_what_its_contract_says(event_type: str) -> None:
    in_type, in_contract = dict(places_of_type(PAYLOADS[event_type])), registry().schema(event_type)
    assert differences(in_type, dict(places_of_contract(in_contract))) == []


def test_every_contract_has_a_type_and_every_type_a_contract() -> None:
    assert sorted((event_type, 1) for event_type in PAYLOADS) == registry().contracts(), (
        "Add the TypedDict to schemas/payloads/, and a line to PAYLOADS."
    )


@pytest.mark.parametrize("event_type", sorted(PAYLOADS))
def test_a_type_has_the_name_of_its_event_and_the_description_of_its_contract(event_type: str) -> None:
    kind = PAYLOADS[event_type]
    assert kind.__name__ == event_type.replace(".", "_").title().replace("_", "")
    assert " ".join((kind.__doc__ or "").split()) == registry().description(event_type)
