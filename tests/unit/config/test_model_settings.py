"""The variables about language models: what they say, and what is refused at the start."""

from decimal import Decimal

import pytest

from environment.model_access import ModelProvider
from environment.model_settings import model_access
from environment.variables import Environment, InvalidVariable


def test_without_variables_no_model_is_asked_and_nothing_is_on() -> None:
    access = model_access(Environment({"ANTHROPIC_API_KEY": "set for another program"}))
    assert (access.order, access.is_on) == ((), False)


def test_models_are_asked_in_the_order_in_which_they_are_named() -> None:
    variables = {
        "LLM_ORDER": "compatible:llama3.2:3b, anthropic:claude-haiku-4-5",
        "LLM_COMPATIBLE_URL": "http://localhost:11434/v1/",
        "ANTHROPIC_API_KEY": "secret",
        "LLM_PROJECT_USD": "0.1",
    }
    access = model_access(Environment(variables))
    assert access.order == (
        ModelProvider("compatible", "llama3.2:3b", "http://localhost:11434/v1"),
        ModelProvider("anthropic", "claude-haiku-4-5", "https://api.anthropic.com", "secret"),
    )
    assert access.project_usd == Decimal("0.1")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"LLM_ORDER": "claude-haiku-4-5"}, "LLM_ORDER is 'claude-haiku-4-5'.*PROVIDER:MODEL"),
        ({"LLM_ORDER": "mistral:large"}, "anthropic, openai, google or compatible"),
        ({"LLM_ORDER": "google:../x?key=1"}, "LLM_ORDER"),
        ({"LLM_ORDER": "compatible:llama3.2"}, "set LLM_COMPATIBLE_URL"),
        ({"LLM_OPENAI_URL": "file:///etc/passwd"}, "LLM_OPENAI_URL"),
        ({"LLM_DAY_USD": "-1"}, "LLM_DAY_USD"),
        ({"LLM_TRIES": "100"}, "LLM_TRIES"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_the_start(variables: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidVariable, match=message):
        model_access(Environment(variables))
