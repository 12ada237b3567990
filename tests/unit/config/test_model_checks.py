"""`manage.py check` names a model that cannot be asked, and what to do about it."""

import importlib.util

import pytest
from pytest_django import Settings

from environment.model_access import ModelAccess, ModelProvider
from workers import checks

HOSTED = ModelProvider("openai", "gpt-5-mini", "https://api.openai.com/v1", "a-key")
OWN = ModelProvider("compatible", "llama3.2", "http://localhost:11434/v1")


def ids(settings: Settings, *order: ModelProvider) -> list[str | None]:
    """The ids of what is found with this order."""
    settings.MODELS = ModelAccess(order=order)
    return [found.id for found in checks.models_can_be_asked()]


def test_a_model_without_a_key_is_named(settings: Settings) -> None:
    assert ids(settings) == ids(settings, OWN) == []
    assert ids(settings, ModelProvider("openai", "gpt-5-mini", HOSTED.url)) == ["workers.W001"]


def test_a_missing_price_list_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ids(settings, HOSTED) == []
    monkeypatch.setattr(
        checks, "find_spec", lambda name: None if name == "genai_prices" else importlib.util.find_spec(name)
    )
    assert ids(settings, HOSTED) == ["workers.W002"]
    assert ids(settings, OWN) == []
