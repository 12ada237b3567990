"""The fast validator and the reference agree on whatever comes out of a JSON parser."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.compiled import CompiledSchema, compile_schema
from schemas.registry import registry
from tests.examples import examples

pytestmark = pytest.mark.contract

CONTRACTS = [*(registry().compiled(kind) for kind in registry().event_types()), registry().envelope]
WORDS = st.sampled_from(
    ["", "x", "a\nb", "6f0d3a52-6c3f-4d0f-9a38-0a5f2b6f1c11", "6F0D3A526C3F4D0F9A380A5F2B6F1C11", "{}", "é" * 70]
    + ["2026-03-02T09:30:00Z", "2026-02-30T09:30:00Z", "0001-01-01T00:00:00+14:00", "2026-03-02 09:30:00+00:00"]
    + [
        "2026-03-02T09:30:60Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T09:30:00+01:99",
        "2026-03-02",
        "a" * 201,
        "\U0001f600" * 60,
        "dana@example.org",
        "http://[",
        "in",
    ]
)
NUMBERS = st.sampled_from([0, -1, 1, 0.5, 1.0, 1.5, 2**53, 2**63 - 1, -(2**63), 1e18, -0.0, 32767, 32768])
SCALARS = st.none() | st.booleans() | NUMBERS | WORDS | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)


def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document with a few parts dropped, replaced or added, at any depth."""
    if isinstance(document, dict):
        kept = {k: mutated(draw, v) for k, v in document.items() if draw(st.integers(0, 9))}
        return kept | ({draw(WORDS): draw(VALUES)} if not draw(st.integers(0, 9)) else {})
    if isinstance(document, list):
        return [mutated(draw, part) for part in document] + ([draw(VALUES)] if not draw(st.integers(0, 5)) else [])
    return draw(VALUES) if not draw(st.integers(0, 4)) else document


@st.composite
def variants(draw: st.DrawFn) -> tuple[CompiledSchema, Any]:
    """A contract and a document that nearly keeps it."""
    contract = draw(st.sampled_from(CONTRACTS))
    return contract, mutated(draw, contract.schema["examples"][0])


@settings(max_examples=examples(3000), deadline=None, suppress_health_check=list(HealthCheck))
@given(variants())
def test_both_validators_give_the_same_verdict_on_any_variant_of_an_example(case: tuple[CompiledSchema, Any]) -> None:
    contract, document = case
    assert contract.agree(document)
    assert bool(contract.problems(document)) is not contract.is_valid(document)


@settings(max_examples=examples(1000), deadline=None)
@given(st.sampled_from(["uuid", "date-time", "date", "email", "uri"]), WORDS | st.text(max_size=40) | NUMBERS)
def test_both_validators_mean_the_same_by_a_format(name: str, value: Any) -> None:
    assert compile_schema({"format": name}).agree(value)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-03-02t09:30:00.5z", "2026-03-02T09:30:00"),
        ("date-time", "2024-02-29T23:59:59-00:00", "2026-02-29T09:30:00Z"),
        ("date-time", "2026-03-02T09:30:00+23:59", "2026-03-02T09:30:00+01:99"),
        ("date-time", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"),
        ("uuid", "6F0D3A52-6c3f-4d0f-9a38-0a5f2b6f1c11", "6f0d3a526c3f4d0f9a380a5f2b6f1c11"),
        ("date", "2024-02-29", "2026-02-29"),
        ("email", "dana@example.org", "dana@example"),
        ("uri", "https://example.org/a?b=1", "example.org"),
    ],
)
def test_a_format_means_what_its_standard_says(name: str, good: str, bad: str) -> None:
    assert compile_schema({"format": name}).is_valid(good)
    assert not compile_schema({"format": name}).is_valid(bad)
    assert not compile_schema({"format": name}).is_valid(good + "\n")


def test_a_document_they_disagree_about_is_refused_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = compile_schema({"title": "Only here", "type": "integer"})
    monkeypatch.setattr(schema, "_fast", compile_schema({"type": "string"})._fast)
    assert not schema.is_valid(1)
    assert schema.problems(1)
    assert CompiledSchema.disagreements["Only here"] == 2
