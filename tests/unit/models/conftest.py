"""A prompt to try the gateway with, and circuit breakers that remember nothing of another test."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from workers.models.breaker import breaker_of
from workers.models.contract import Prompt, Spending

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 20}},
    "required": ["word"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def fresh_breakers() -> Iterator[None]:
    breaker_of.cache_clear()
    yield
    breaker_of.cache_clear()


@pytest.fixture
def prompt() -> Prompt:
    return Prompt("one_word", 3, "Answer with one word.", SCHEMA)


@pytest.fixture
def spending() -> Spending:
    return Spending(Decimal(1))
