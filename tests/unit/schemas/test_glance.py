"""The quick look at a schema and the thorough one, which gives a reason, say the same of any schema."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.lint import BadSchema, fits_at_a_glance, require_schema
from schemas.registry import registry

KEYWORDS = (
    *("type", "properties", "required", "items", "prefixItems", "enum", "const", "pattern", "patternProperties"),
    *("minimum", "multipleOf", "maxLength", "minItems", "uniqueItems", "allOf", "not", "$ref", "$id", "$defs", "title"),
)
PLAIN = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["string", "object", "^a+$", "(", "#/x", ""])
VALUES = st.recursive(
    PLAIN | st.floats(-2, 2),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "name", "[a"]), below, max_size=3)
    ),
    max_leaves=6,
)
SCHEMAS = st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=3)


def is_schema(schema: Any) -> bool:
    """What the thorough look says."""
    try:
        require_schema(schema, where="")
    except BadSchema:
        return False
    return True


@given(SCHEMAS)
def test_both_say_the_same(schema: dict[str, Any]) -> None:
    assert fits_at_a_glance(schema) == is_schema(schema)


def test_every_contract_fits_at_a_glance() -> None:
    """Otherwise each start of a process would take the slow way."""
    assert all(map(fits_at_a_glance, registry().documents()))
