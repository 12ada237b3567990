"""The agent that lists the requirements of a request, each with a number and the sentence that it comes from."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from workers.agents.sentences import is_open_point, is_requirement, sentences_of
from workers.contract import AgentInput, Result, agent

# A deliverable has to fit into an event: what goes beyond these limits is left out, and `left_out` counts it.
MOST_REQUIREMENTS = 200
MOST_OPEN_POINTS = 50
# In characters.
LONGEST_SENTENCE = 250

# Where a requirement comes from: the request's text, or a reviewer's note on an earlier result.
REQUEST, REVIEW = "request", "review"

RequestText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class RequirementsInput(AgentInput):
    """The input: the request's text; the reviewers' notes on earlier results add further requirements."""

    request_text: RequestText = Field(
        title="What is wanted?",
        description="Say in a sentence or two what should come out, and for whom.",
        examples=["Find out where the finance team loses time each month."],
    )


@agent("requirements_manager", deliverable="requirements_analysis", reads_notes=True)
def collect_requirements(work: RequirementsInput) -> Result:
    """Return the requirements of the request and of the reviewers' notes, and the open points of the request."""
    all_requirements = requirements_of(work.request_text, work.notes)
    all_open_points = [
        shortened_sentence(sentence) for sentence in sentences_of(work.request_text) if is_open_point(sentence)
    ]
    requirements, open_points = all_requirements[:MOST_REQUIREMENTS], all_open_points[:MOST_OPEN_POINTS]
    left_out = len(all_requirements) - len(requirements) + len(all_open_points) - len(open_points)
    content = {"requirements": requirements, "open_points": open_points, "left_out": left_out}
    evidence = {
        "deliverable": "requirements_analysis",
        "requirements": len(requirements),
        "open_points": len(open_points),
    }
    return Result(content, evidence)


def requirements_of(text: str, notes: list[str]) -> list[dict[str, Any]]:
    """Return the numbered requirements {number, text, source_sentence, source} of the text and then of the notes.

    Every sentence of a note counts as a requirement. So does every sentence of the text if none of them is worded as
    one, and the whole text if it has no sentence, only punctuation.
    """
    sentences = sentences_of(text)
    demanded = [sentence for sentence in sentences if is_requirement(sentence)] or sentences or [text]
    noted = [sentence for note in notes for sentence in sentences_of(note)]
    sources = [(sentence, REQUEST) for sentence in demanded] + [(sentence, REVIEW) for sentence in noted]
    return [requirement(number, *source) for number, source in enumerate(sources, start=1)]


def requirement(number: int, sentence: str, source: str) -> dict[str, Any]:
    """Return one requirement: its `text` is the sentence without "Please" and the final ".", with a capital letter."""
    bare_sentence = " ".join(sentence.split()).removeprefix("Please ").rstrip(".! ")
    return {
        "number": number,
        "text": shortened_sentence(bare_sentence[:1].upper() + bare_sentence[1:]),
        "source_sentence": shortened_sentence(sentence),
        "source": source,
    }


def shortened_sentence(sentence: str) -> str:
    """Return the sentence; a longer one than LONGEST_SENTENCE is cut to that length and ends with an ellipsis."""
    return sentence if len(sentence) <= LONGEST_SENTENCE else sentence[: LONGEST_SENTENCE - 1] + "…"
