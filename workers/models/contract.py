"""What an agent and the gateway exchange: a prompt with its data, and an answer or the reason why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

# Returns what is wrong with an answer that fits the schema, one sentence a fault; empty if it can be used.
Check = Callable[[Any], list[str]]


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt: the instructions, which hold no data, and the JSON Schema of the answer."""

    name: str
    version: int
    instructions: str
    answer_schema: Mapping[str, Any]


@dataclass(frozen=True)
class Call:
    """One request to a model, as the ledger records it.

    `outcome` is "answered" or the kind of the fault. The cost is in US dollars; it is the highest possible one, and
    `is_estimate` is True, where the provider did not tell how many tokens it counted.
    """

    provider: str
    model: str
    prompt: str
    prompt_version: int
    outcome: str
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    is_estimate: bool = False
    milliseconds: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the call as JSON values; the cost is a number."""
        return {**vars(self), "cost_usd": float(self.cost_usd)}


@dataclass(frozen=True)
class Answer:
    """An answer that fits the schema and passed the check, and the call that brought it."""

    value: Any
    call: Call


class NoAnswer(Exception):
    """No model gave an answer that can be used. `reason` is a code, `details` one line for each model."""

    def __init__(self, reason: str, details: list[str] | None = None) -> None:
        self.reason, self.details = reason, details or []
        super().__init__("; ".join([reason, *self.details]))


@dataclass
class Spending:
    """The calls that were made for one item, and the budget that they are made from, in US dollars."""

    budget_usd: Decimal
    calls: list[Call] = field(default_factory=list)

    @property
    def spent_usd(self) -> Decimal:
        """Return what the calls cost together."""
        return sum((call.cost_usd for call in self.calls), Decimal(0))

    @property
    def left_usd(self) -> Decimal:
        """Return what may still be spent."""
        return self.budget_usd - self.spent_usd


class Models(Protocol):
    """What an agent with `uses_models` gets beside its input."""

    def ask(self, prompt: Prompt, data: Mapping[str, Any], check: Check, spending: Spending) -> Answer:
        """Return the first usable answer of the models in their order. Raises NoAnswer."""
        ...
