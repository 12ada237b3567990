"""The agent that has a model write the executive summary, and refuses one whose figures were not computed.

Whatever happens, the item is done: without a model's answer the deliverable says why there is none, and the report has
its own summary of computed sentences as always. The prose never feeds another figure.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from workers.agents.summary_figures import Named, figure_json, figures_for, figures_of, names_of
from workers.contract import AgentInput, Result, Unneeded, agent
from workers.models.contract import Answer, Models, NoAnswer, Spending
from workers.models.grounding import Figure, is_plain, ungrounded
from workers.models.masking import Masks
from workers.models.prompts import prompt

PROMPT = ("executive_summary", 1)
LONGEST_REQUEST = 500
REFERENCE = re.compile(r"\[[A-Z]\]")


class SummaryInput(AgentInput):
    """The input: the deliverables of the analyses. Without a budget, which Interlock adds, no model is asked."""

    model_budget_usd: Unneeded[Decimal] = Decimal(0)


@dataclass
class Matter:
    """What a model is given to write about, and what its prose is held to."""

    request: str
    currency: str
    figures: list[Figure]
    names: list[Named]
    masks: Masks = field(default_factory=Masks)

    def as_data(self) -> dict[str, Any]:
        """Return the data for the prompt, with personal data masked."""
        names = [
            {
                "reference": named.reference,
                "kind": named.kind,
                "text": self.masks.mask(named.text),
                "figures": [figure_json(figure, self.currency) for figure in named.figures],
            }
            for named in self.names
        ]
        figures = [figure_json(figure, self.currency) for figure in self.figures]
        return {"request": self.masks.mask(self.request), "figures": figures, "names": names}

    def faults(self, answer: Mapping[str, Any]) -> list[str]:
        """Return why the prose is refused; empty if it can stand in the report."""
        return [fault for sentence in answer["sentences"] for fault in self.faults_of(sentence)]

    def faults_of(self, sentence: str) -> list[str]:
        """Return why a sentence is refused: markup, an unknown reference or mark, or a figure that was not computed."""
        references = {named.reference for named in self.names}
        bare = REFERENCE.sub(lambda found: "it" if found.group() in references else found.group(), sentence)
        if not is_plain(bare):
            return ["the sentence is no plain prose, or names something that it was not given"]
        return ungrounded(bare, figures_for(sentence, self.figures, self.names))

    def finished(self, sentence: str) -> str:
        """Return the sentence with each name in place of its reference, in quotation marks."""
        texts = {named.reference: f"“{named.text}”" for named in self.names}
        return REFERENCE.sub(lambda found: texts[found.group()], sentence).strip()


@agent("summary_worker", deliverable="executive_summary", uses_models=True)
def write_summary(work: SummaryInput, models: Models) -> Result:
    """Return the executive summary that a model wrote, or the reason why there is none, and what it cost."""
    figures, names = figures_of(work.deliverables), names_of(work.deliverables)
    matter = Matter(work.request_text[:LONGEST_REQUEST], work.currency or "", figures, names)
    spending = Spending(work.model_budget_usd)
    try:
        if not figures:
            raise NoAnswer("no_figures")
        data = matter.as_data()
        answer = models.ask(prompt(*PROMPT), data, matter.faults, spending)
    except NoAnswer as error:
        written: dict[str, Any] = {"written_by": "nobody", "sentences": [], "reason": error.reason}
        written["details"] = error.details
    else:
        written = by_model(answer, [matter.finished(sentence) for sentence in answer.value["sentences"]])
    sums = {"calls": len(spending.calls), "cost_usd": float(spending.spent_usd)}
    sums["is_estimate"] = any(call.is_estimate for call in spending.calls)
    masked = matter.masks.counts() if spending.calls else []
    calls = [call.as_json() for call in spending.calls]
    evidence = {"deliverable": "executive_summary", "written_by": written["written_by"], "model_calls": calls}
    return Result({**written, **sums, "masked": masked}, evidence)


def by_model(answer: Answer, sentences: Sequence[str]) -> dict[str, Any]:
    """Return the part of the deliverable that says what was written, and by which model with which prompt."""
    call = answer.call
    return {
        "written_by": "model",
        "sentences": list(sentences),
        "provider": call.provider,
        "model": call.model,
        "prompt": call.prompt,
        "prompt_version": call.prompt_version,
    }
