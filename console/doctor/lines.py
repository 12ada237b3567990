"""What the doctor says: one line for each thing it has looked at."""

from dataclasses import dataclass

OK, LOOK, WRONG = "ok", "look", "wrong"


@dataclass(frozen=True)
class Line:
    """`verdict`: OK, LOOK for what may be meant so, WRONG for what fails or is unsafe; `todo` is what to do then."""

    about: str
    verdict: str
    says: str
    todo: str = ""


def judged(about: str, is_well: bool, well: str, ill: str, todo: str, *, verdict: str = WRONG) -> Line:
    """Return the line OK with the words `well`, or with the verdict, the words `ill` and what to do."""
    return Line(about, OK, well) if is_well else Line(about, verdict, ill, todo)
