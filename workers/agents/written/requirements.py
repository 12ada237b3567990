"""The agent that has a model read the requirements out of a request, each with the sentence that it comes from.

A sentence has to stand in the request exactly as it is quoted, or the whole answer is refused. What
`requirements_manager` finds by rules stays as it is; the two lists stand side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workers.agents.written.asking import WrittenInput, written
from workers.agents.written.prose import faults_of_text, shares_a_word
from workers.contract import Result, agent
from workers.models.contract import Models
from workers.models.masking import Masks
from workers.models.prompts import prompt

PROMPT = ("requirements", 1)
DELIVERABLE = "requirements_by_model"
# In characters. A longer request is not read in part: what is left out would be missing without a trace.
LONGEST_REQUEST = 12_000


@dataclass
class Matter:
    """The request whose requirements a model is to find."""

    text: str
    masks: Masks = field(default_factory=Masks)

    @cached_property
    def masked(self) -> str:
        """Return the request as the model reads it."""
        return self.masks.mask(self.text)

    def why_not(self) -> str:
        """Return the reason for asking nobody: there is no text, or it is too long."""
        if not self.text.strip():
            return "no_text"
        return "too_long" if len(self.text) > LONGEST_REQUEST else ""

    def as_data(self) -> dict[str, Any]:
        """Return the request, masked."""
        return {"request": self.masked}

    def faults(self, answer: Mapping[str, Any]) -> list[str]:
        """Return why the requirements are refused."""
        return [fault for entry in answer["requirements"] for fault in self.faults_of(entry)]

    def faults_of(self, entry: Mapping[str, str]) -> list[str]:
        """Return why one requirement is refused: what it quotes is not in the request, or it says something else."""
        sentence = entry["sentence"]
        if not sentence.strip() or sentence not in self.masked or self.masks.unmask(sentence) not in self.text:
            return ["a quoted sentence is not in the request"]
        if not shares_a_word(entry["text"], sentence):
            return ["a requirement has no word of the sentence that it quotes"]
        return faults_of_text(entry["text"], sentence, self.masks)


@agent("requirements_writer", deliverable=DELIVERABLE, uses_models=True)
def write_requirements(work: WrittenInput, models: Models) -> Result:
    """Return the numbered requirements that a model found, each with the sentence that it quotes."""
    matter = Matter(work.request_text)
    found = written(models, prompt(*PROMPT), matter, work.model_budget_usd)
    entries = found.answer["requirements"] if found.answer else []
    requirements = [
        {
            "number": number,
            "text": matter.masks.unmask(" ".join(entry["text"].split())),
            "source_sentence": matter.masks.unmask(entry["sentence"]),
            "written_by": "model",
        }
        for number, entry in enumerate(entries, start=1)
    ]
    return found.result(DELIVERABLE, {"requirements": requirements}, requirements=len(requirements))
