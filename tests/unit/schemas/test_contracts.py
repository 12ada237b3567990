"""Every contract has examples, and keeps what they promise."""

from pathlib import Path

import pytest
from django.conf import settings

from schemas import documentation
from schemas.registry import registry

TYPES = registry().event_types()


def test_there_is_a_contract_for_every_event_type_of_the_design() -> None:
    assert len(TYPES) == 34


@pytest.mark.parametrize("kind", TYPES)
def test_a_contract_accepts_its_examples(kind: str) -> None:
    examples = registry().schema(kind)["examples"]
    assert examples
    assert [registry().problems(kind, 1, payload) for payload in examples] == [[]] * len(examples)


@pytest.mark.parametrize("kind", TYPES)
def test_a_contract_refuses_its_invalid_examples_and_says_why(kind: str) -> None:
    invalid = registry().schema(kind)["x_invalid_examples"]
    assert invalid
    for example in invalid:
        assert not registry().is_valid(kind, 1, example["payload"]), example["why"]
        assert registry().problems(kind, 1, example["payload"]), example["why"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_payload_with_a_key_nobody_knows_is_refused(kind: str) -> None:
    payload = registry().schema(kind)["examples"][0] | {"nobody_knows": 1}
    assert any("nobody_knows" in p.message for p in registry().problems(kind, 1, payload))


def test_the_page_of_contracts_says_what_the_schemas_say() -> None:
    written = (Path(settings.BASE_DIR) / "docs" / "contracts.md").read_text()
    assert written == documentation.contracts_page(registry()), "run: manage.py schemas docs"
