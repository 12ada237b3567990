"""The agent that has a model write the executive summary, and refuses one whose figures were not computed.

Whatever happens, the item is done: without a model's answer the deliverable says why there is none, and the report has
its own summary of computed sentences as always. The prose never feeds another figure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.agents.summary_figures import Named, figure_json, figures_for, figures_of, names_of
from workers.agents.written.asking import WrittenInput, written
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.grounding import Figure, is_plain, ungrounded
from workers.models.masking import Masks
from workers.models.prompts import prompt

PROMPT = ("executive_summary", 1)
LONGEST_REQUEST = 500
REFERENCE = re.compile(r"\[[A-Z]\]")


@dataclass
class Matter:
    """What a model is given to write about, and what its prose is held to."""

    request: str
    currency: str
    figures: list[Figure]
    names: list[Named]
    masks: Masks = field(default_factory=Masks)

    def why_not(self) -> str:
        """Return the reason for asking nobody: without figures there is nothing to write about."""
        return "" if self.figures else "no_figures"

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
def write_summary(work: WrittenInput, models: Models) -> Result:
    """Return the executive summary that a model wrote, or the reason why there is none, and what it cost."""
    figures, names = figures_of(work.deliverables), names_of(work.deliverables)
    matter = Matter(work.request_text[:LONGEST_REQUEST], work.currency or "", figures, names)
    found = written(models, prompt(*PROMPT), matter, work.model_budget_usd)
    sentences = [matter.finished(sentence) for sentence in found.answer["sentences"]] if found.answer else []
    return found.result("executive_summary", {"sentences": sentences})
