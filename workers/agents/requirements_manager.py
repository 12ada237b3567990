"""The agent that numbers the requirements in a request and keeps the sentence that each of them came from."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from workers.agents.sentences import is_open_point, is_requirement, sentences_of
from workers.contract import AgentInput, Result, agent

# Further ones are only counted, in `left_out`: a deliverable has to fit into an event.
MOST_REQUIREMENTS = 200
MOST_OPEN_POINTS = 50
LONGEST_SENTENCE = 250

REQUEST, REVIEW = "request", "review"

RequestText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class RequirementsInput(AgentInput):
    """The input: the request's text; the reviewers' notes on earlier results add further requirements."""

    request_text: RequestText = Field(
        title="What is wanted?",
        description="Say in a sentence or two what should come out, and for whom.",
        examples=["Find out where the finance team loses time each month."],
    )


@agent("requirements_manager", deliverable="requirements_analysis")
def collect_requirements(work: RequirementsInput) -> Result:
    """Return the requirements and open points of the request, in the order of the text."""
    all_requirements = requirements_of(work.request_text, work.notes)
    undecided = [shortened(sentence) for sentence in sentences_of(work.request_text) if is_open_point(sentence)]
    requirements, open_points = all_requirements[:MOST_REQUIREMENTS], undecided[:MOST_OPEN_POINTS]
    left_out = len(all_requirements) - len(requirements) + len(undecided) - len(open_points)
    content = {"requirements": requirements, "open_points": open_points, "left_out": left_out}
    evidence = {
        "deliverable": "requirements_analysis",
        "requirements": len(requirements),
        "open_points": len(open_points),
    }
    return Result(content, evidence)


def requirements_of(text: str, notes: list[str]) -> list[dict[str, Any]]:
    """Return the numbered requirements {number, text, source_sentence, source} of the text and the notes.

    If no sentence is a requirement, every sentence counts as one.
    """
    sentences = sentences_of(text)
    demanded = [sentence for sentence in sentences if is_requirement(sentence)] or sentences or [text]
    noted = [sentence for note in notes for sentence in sentences_of(note)]
    sources = [(sentence, REQUEST) for sentence in demanded] + [(sentence, REVIEW) for sentence in noted]
    return [requirement(number, *source) for number, source in enumerate(sources, start=1)]


def requirement(number: int, sentence: str, source: str) -> dict[str, Any]:
    """Return one requirement: its `text` is the sentence without "Please" and full stop, with a capital letter."""
    words = " ".join(sentence.split()).removeprefix("Please ").rstrip(".! ")
    return {
        "number": number,
        "text": shortened(words[:1].upper() + words[1:]),
        "source_sentence": shortened(sentence),
        "source": source,
    }


def shortened(sentence: str) -> str:
    """Return the sentence, cut to LONGEST_SENTENCE characters with an ellipsis."""
    return sentence if len(sentence) <= LONGEST_SENTENCE else sentence[: LONGEST_SENTENCE - 1] + "…"
