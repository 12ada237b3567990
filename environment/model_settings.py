"""Reads the variables about language models. None is asked, and nothing differs, where LLM_ORDER is not set."""

import re
from decimal import Decimal
from typing import cast

from environment.model_access import ModelAccess, ModelProvider, ProviderName
from environment.variables import PAGES, Environment, InvalidVariable, Kind, matching

# For each provider: the variables of its key and its address, and its public address.
PROVIDERS: dict[ProviderName, tuple[str, str, str]] = {
    "anthropic": ("ANTHROPIC_API_KEY", "LLM_ANTHROPIC_URL", "https://api.anthropic.com"),
    "openai": ("OPENAI_API_KEY", "LLM_OPENAI_URL", "https://api.openai.com/v1"),
    "google": ("GOOGLE_API_KEY", "LLM_GOOGLE_URL", "https://generativelanguage.googleapis.com"),
    "compatible": ("LLM_COMPATIBLE_KEY", "LLM_COMPATIBLE_URL", ""),
}
MODEL = Kind(
    matching(re.compile(r"(anthropic|openai|google|compatible):[\w.:/-]{1,200}", re.ASCII)),
    "PROVIDER:MODEL with commas between them, where PROVIDER is anthropic, openai, google or compatible",
)
MOST_SECONDS, MOST_TRIES, MOST_USD = 120, 5, 1_000_000


def model_access(env: Environment) -> ModelAccess:
    """Return the models and their limits. Raises InvalidVariable, also for a compatible model without an address."""
    named = [entry.split(":", 1) for entry in env.list("LLM_ORDER", default=[], kind=MODEL)]
    keys = {name: env.str(key) for name, (key, _url, _public) in PROVIDERS.items()}
    urls = {name: env.str(url, default=public, kind=PAGES) for name, (_key, url, public) in PROVIDERS.items()}
    if not urls["compatible"] and any(provider == "compatible" for provider, _model in named):
        raise InvalidVariable(
            "LLM_ORDER names a compatible model: set LLM_COMPATIBLE_URL, as http://localhost:11434/v1."
        )
    order = (
        ModelProvider(name := cast(ProviderName, p), model, urls[name].rstrip("/"), keys[name]) for p, model in named
    )
    return ModelAccess(
        order=tuple(order),
        seconds=env.float("LLM_SECONDS", default=30.0, least=1, most=MOST_SECONDS),
        tries=env.int("LLM_TRIES", default=2, most=MOST_TRIES),
        streams=env.bool("LLM_STREAM", default=False),
        test_mode=env.bool("LLM_TEST_MODE", default=False),
        project_usd=usd(env, "LLM_PROJECT_USD", 0.5),
        organisation_usd=usd(env, "LLM_ORGANISATION_USD", 20),
        day_usd=usd(env, "LLM_DAY_USD", 10),
    )


def usd(env: Environment, name: str, default: float) -> Decimal:
    """Return an amount in US dollars, exactly as it is written. Raises InvalidVariable."""
    return Decimal(repr(env.float(name, default=default, most=MOST_USD)))
