"""What changed in a report since somebody last sent its work back."""

from dataclasses import dataclass
from datetime import datetime

from clarifications.models import Question
from reports.building import report_of
from reports.comparison import Comparison, DifferentCurrencies, compared
from reports.model import Report


@dataclass(frozen=True)
class Review:
    """A report for the person who approves it, and the comparison with what the last review saw, if there was one.

    `reviewed_at` and `notes` are of the last review. `refusal` says why the two cannot be compared.
    """

    report: Report
    reviewed_at: datetime | None = None
    notes: str = ""
    comparison: Comparison | None = None
    refusal: str = ""


def review_of(question: Question) -> Review | None:
    """Return the review that an approval asks for; None for another question, or if nothing has been delivered."""
    report = report_of(question.project) if question.kind == Question.Kind.APPROVAL else None
    if report is None:
        return None
    last = last_review(question)
    if last is None or last.closed_at is None:
        return Review(report)
    notes = notes_of(last)
    earlier = report_of(question.project, until=last.closed_at)
    if earlier is None:
        return Review(report, last.closed_at, notes)
    try:
        return Review(report, last.closed_at, notes, compared(earlier, report))
    except DifferentCurrencies as refusal:
        return Review(report, last.closed_at, notes, refusal=str(refusal))


def last_review(question: Question) -> Question | None:
    """Return the answered approval before this one, of the same item; None if this is the first."""
    earlier = Question.objects.filter(
        project=question.project_id, field=question.field, kind=question.kind, revision__lt=question.revision
    )
    return earlier.exclude(closed_at=None).select_related("answer").order_by("-revision").first()


def notes_of(question: Question) -> str:
    """Return the notes that the reviewer gave; empty if there are none."""
    answer = getattr(question, "answer", None)
    value = answer.value if answer else None
    return str(value.get("notes", "")) if isinstance(value, dict) else ""
