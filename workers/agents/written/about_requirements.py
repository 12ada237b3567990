"""What the agents share that have a model write about numbered requirements: tests, and drafts of the steps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workers.agents.written.asking import WrittenInput, written
from workers.agents.written.prose import faults_of_text
from workers.contract import Result
from workers.models.contract import Models, Prompt
from workers.models.masking import Masks

# More would not fit into one answer: the others are counted, and a person sees that they are missing.
MOST_REQUIREMENTS = 12
LONGEST_TEXT = 500
# Where requirements are delivered; those that a model quoted from the request come first.
SOURCES = ("requirements_by_model", "requirements_analysis")
Entry = Mapping[str, Any]


@dataclass
class Matter:
    """Requirements that a model is to write about.

    `entries` is the key of the answer's list, `texts_of` returns the texts that a model wrote in one entry of it.
    """

    requirements: Sequence[Entry]
    entries: str
    texts_of: Callable[[Entry], Iterable[str]]
    masks: Masks = field(default_factory=Masks)

    def __post_init__(self) -> None:
        self.masked = {entry["number"]: self.masks.mask(entry["text"]) for entry in self.requirements}

    def why_not(self) -> str:
        """Return the reason for asking nobody: there is no requirement."""
        return "" if self.requirements else "no_requirements"

    def as_data(self) -> dict[str, Any]:
        """Return the requirements with their numbers, masked."""
        return {"requirements": [{"number": number, "text": text} for number, text in self.masked.items()]}

    def faults(self, answer: Entry) -> list[str]:
        """Return why the texts are refused: about no given requirement, no prose, or with a figure of their own."""
        if any(entry["requirement"] not in self.masked for entry in answer[self.entries]):
            return ["a requirement is named that was not given"]
        return [
            fault
            for entry in answer[self.entries]
            for text in self.texts_of(entry)
            for fault in faults_of_text(text, self.masked[entry["requirement"]], self.masks)
        ]

    def finished(self, text: str) -> str:
        """Return a text with what its marks stand for."""
        return self.masks.unmask(" ".join(text.split()))

    def uncovered(self, entries: Iterable[Entry]) -> list[int]:
        """Return the numbers of the requirements that no entry is about."""
        covered = {entry["requirement"] for entry in entries}
        return [number for number in self.masked if number not in covered]


def about_each(
    work: WrittenInput,
    models: Models,
    prompt: Prompt,
    *,
    deliverable: str,
    entries: str,
    texts_of: Callable[[Entry], Iterable[str]],
    finished: Callable[[Matter, Entry], Entry],
) -> Result:
    """Have a model write about each requirement; return what it wrote, and which requirements have nothing.

    `entries` and `texts_of` are those of `Matter`; `finished` returns the parts of one entry as they are delivered.
    """
    requirements = requirements_in(work.deliverables)
    matter = Matter(requirements[:MOST_REQUIREMENTS], entries, texts_of)
    found = written(models, prompt, matter, work.model_budget_usd)
    answered = found.answer[entries] if found.answer else []
    made = [
        {"requirement": entry["requirement"], **finished(matter, entry), "written_by": "model"} for entry in answered
    ]
    uncovered = matter.uncovered(answered) if found.answer else []
    content = {entries: made, "uncovered": uncovered, "left_out": len(requirements) - len(matter.requirements)}
    return found.result(deliverable, content, **{entries: len(made), "uncovered": len(uncovered)})


def requirements_in(deliverables: Mapping[str, Entry]) -> list[dict[str, Any]]:
    """Return {number, text} of the delivered requirements; empty if there are none."""
    for kind in SOURCES:
        delivered = deliverables.get(kind, {}).get("requirements")
        found = [entry for entry in delivered if is_numbered(entry)] if isinstance(delivered, list) else []
        if found:
            return [{"number": entry["number"], "text": entry["text"][:LONGEST_TEXT]} for entry in found]
    return []


def is_numbered(entry: Any) -> bool:
    """Return True if the entry is a requirement with a number and a text."""
    return isinstance(entry, dict) and isinstance(entry.get("number"), int) and isinstance(entry.get("text"), str)
