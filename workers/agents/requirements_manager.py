"""What the request demands, numbered, each with the sentence it came from."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from workers.agents.sentences import is_open_point, is_requirement, sentences_of
from workers.contract import AgentInput, Result, agent

# What is more than this is counted and left out: a deliverable has to fit an event.
MOST_REQUIREMENTS = 200
MOST_OPEN_POINTS = 50
LONGEST_SENTENCE = 250

REQUEST, REVIEW = "request", "review"

RequestText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class RequirementsInput(AgentInput):
    """A text; what reviewers noted about earlier results adds to it."""

    request_text: RequestText = Field(
        title="What is wanted?",
        description="Say in a sentence or two what should come out, and for whom.",
        examples=["Find out where the finance team loses time each month."],
    )


@agent("requirements_manager", deliverable="requirements_analysis")
def collect_requirements(work: RequirementsInput) -> Result:
    """The requirements and open points of the request, in its order."""
    found = requirements_of(work.request_text, work.notes)
    undecided = [shown(sentence) for sentence in sentences_of(work.request_text) if is_open_point(sentence)]
    requirements, open_points = found[:MOST_REQUIREMENTS], undecided[:MOST_OPEN_POINTS]
    left_out = len(found) - len(requirements) + len(undecided) - len(open_points)
    content = {"requirements": requirements, "open_points": open_points, "left_out": left_out}
    evidence = {
        "deliverable": "requirements_analysis",
        "requirements": len(requirements),
        "open_points": len(open_points),
    }
    return Result(content, evidence)


def requirements_of(text: str, notes: list[str]) -> list[dict[str, Any]]:
    """Numbered requirements {number, text, source_sentence, source}; a text that demands nothing is one itself."""
    sentences = sentences_of(text)
    demanded = [sentence for sentence in sentences if is_requirement(sentence)] or sentences or [text]
    noted = [sentence for note in notes for sentence in sentences_of(note)]
    sources = [(sentence, REQUEST) for sentence in demanded] + [(sentence, REVIEW) for sentence in noted]
    return [requirement(number, *source) for number, source in enumerate(sources, start=1)]


def requirement(number: int, sentence: str, source: str) -> dict[str, Any]:
    """One requirement: the sentence without its greeting and full stop, and the sentence as it stands."""
    words = " ".join(sentence.split()).removeprefix("Please ").rstrip(".! ")
    return {
        "number": number,
        "text": shown(words[:1].upper() + words[1:]),
        "source_sentence": shown(sentence),
        "source": source,
    }


def shown(sentence: str) -> str:
    """The sentence, cut where it is too long."""
    return sentence if len(sentence) <= LONGEST_SENTENCE else sentence[: LONGEST_SENTENCE - 1] + "…"
