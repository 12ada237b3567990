"""Which language models may be asked, in which order, and at what cost: plain values that need no other module.

A child process of a worker gets them from its worker, and reads no variable itself.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

ProviderName = Literal["anthropic", "openai", "google", "compatible"]


@dataclass(frozen=True)
class ModelProvider:
    """A model and where it is asked. `key` is empty if none is set; it is never part of the text of this object."""

    name: ProviderName
    model: str
    url: str
    key: str = ""

    def __repr__(self) -> str:
        return f"{self.name}:{self.model}"


@dataclass(frozen=True)
class ModelAccess:
    """The models in the order in which they are asked, and the limits. Amounts are in US dollars.

    `seconds` is the time for one call, `tries` how often one model is asked at most. Of the budgets, that of a project
    has no end, that of an organisation is of a calendar month (UTC), and that of a day is of the whole installation.
    """

    order: tuple[ModelProvider, ...] = ()
    seconds: float = 30.0
    tries: int = 2
    streams: bool = False
    test_mode: bool = False
    project_usd: Decimal = Decimal("0.5")
    organisation_usd: Decimal = Decimal(20)
    day_usd: Decimal = Decimal(10)

    @property
    def is_on(self) -> bool:
        """Return True if models are set up, or the test mode is: then an organisation can switch them on."""
        return bool(self.order) or self.test_mode
