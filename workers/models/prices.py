"""What a call costs in US dollars, by the price list of genai-prices (the extra `llm`), which is part of that package.

A model of `compatible` is somebody's own machine: its tokens have no price.
"""

from decimal import Decimal
from importlib import import_module
from typing import Any

from environment.model_access import ModelProvider
from workers.models.faults import Kind, ModelFault


def cost_usd(provider: ModelProvider, *, input_tokens: int, output_tokens: int) -> Decimal:
    """Return the cost of so many tokens. Raises ModelFault if the price is not known: then no budget could be kept."""
    if provider.name == "compatible":
        return Decimal(0)
    prices = price_list()
    try:
        usage = prices.Usage(input_tokens=input_tokens, output_tokens=output_tokens)
        found = prices.calc_price(usage, model_ref=provider.model, provider_id=provider.name)
    except LookupError as error:
        raise ModelFault(
            Kind.NO_PRICE, "genai-prices knows no price of this model: take another, or update it"
        ) from error
    return Decimal(found.total_price)


def price_list() -> Any:
    """Return the module genai_prices. Raises ModelFault if it is not installed."""
    try:
        return import_module("genai_prices")  # an extra, and needed only where a model with a price is asked
    except ImportError as error:
        raise ModelFault(Kind.NO_PRICE, "prices are not installed: pip install 'interlock[llm]'") from error
