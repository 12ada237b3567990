"""Asks the models on behalf of an agent, and tells in its deliverable who wrote it, what it cost and what was masked.

Whatever happens, the item is done: without a usable answer the deliverable says why nobody wrote it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from workers.contract import AgentInput, Result, Unneeded
from workers.models.contract import Call, Models, NoAnswer, Prompt, Spending
from workers.models.masking import Masks


class WrittenInput(AgentInput):
    """The input of an agent that asks models.

    Interlock adds the budget to each dispatch. Without one no model may be asked: an administrator switched them off.
    """

    model_budget_usd: Unneeded[Decimal | None] = None


class Matter(Protocol):
    """What a model is asked about."""

    masks: Masks

    def why_not(self) -> str:
        """Return the code of the reason for asking nobody; empty if there is something to ask about."""

    def as_data(self) -> dict[str, Any]:
        """Return the data for the prompt, with personal data masked."""

    def faults(self, answer: Any) -> list[str]:
        """Return why an answer that fits the schema is refused, a sentence a fault; empty if it can be used."""


@dataclass(frozen=True)
class Written:
    """The answer that can be used, None without one, and what the deliverable and the evidence tell about it."""

    answer: Any
    told: Mapping[str, Any]
    calls: list[dict[str, Any]]

    def result(self, deliverable: str, content: Mapping[str, Any], **evidence: Any) -> Result:
        """Return the agent's result: the content, with what is told about it."""
        known = {"deliverable": deliverable, "written_by": self.told["written_by"], "model_calls": self.calls}
        return Result({**self.told, **content}, {**known, **evidence})


def written(models: Models, prompt: Prompt, matter: Matter, budget_usd: Decimal | None) -> Written:
    """Ask the models about the matter and return their answer, or the reason why there is none."""
    spending = Spending(budget_usd or Decimal(0))
    try:
        if reason := ("switched_off" if budget_usd is None else matter.why_not()):
            raise NoAnswer(reason)
        answer = models.ask(prompt, matter.as_data(), matter.faults, spending)
    except NoAnswer as error:
        value, told = None, nobody(error)
    else:
        value, told = answer.value, by_model(answer.call)
    told |= {
        "calls": len(spending.calls),
        "cost_usd": float(spending.spent_usd),
        "is_estimate": any(call.is_estimate for call in spending.calls),
        "masked": matter.masks.counts() if spending.calls else [],
    }
    return Written(value, told, [call.as_json() for call in spending.calls])


def nobody(error: NoAnswer) -> dict[str, Any]:
    """Return the part of the deliverable that says why nobody wrote it."""
    return {"written_by": "nobody", "reason": error.reason, "details": error.details}


def by_model(call: Call) -> dict[str, Any]:
    """Return the part of the deliverable that says which model wrote it, with which version of which prompt."""
    told = {key: value for key, value in call.as_json().items() if key in ("provider", "model", "prompt")}
    return {"written_by": "model", **told, "prompt_version": call.prompt_version}
