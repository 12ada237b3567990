"""System checks (`manage.py check`) for the settings of language models."""

from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from environment.model_settings import PROVIDERS


@register("settings")
def models_can_be_asked(**_: Any) -> list[CheckMessage]:
    """workers.W001: each model of LLM_ORDER has a key. workers.W002: its price can be looked up."""
    hosted = [provider for provider in settings.MODELS.order if provider.name != "compatible"]
    found: list[CheckMessage] = [
        Warning(
            f"LLM_ORDER names {provider}, and no key is set for it: it will not be asked.",
            hint=f"Set {PROVIDERS[provider.name][0]}, or {PROVIDERS[provider.name][0]}_FILE.",
            id="workers.W001",
        )
        for provider in hosted
        if not provider.key
    ]
    if hosted and find_spec("genai_prices") is None:
        words = "LLM_ORDER names models with a price, and no price list is installed: they will not be asked."
        found.append(Warning(words, hint="pip install 'interlock[llm]'", id="workers.W002"))
    return found
