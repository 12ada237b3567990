"""Template filters about questions: `title_in_words`, `reason_in_words`, `why_it_waits`, `answer_in_words`."""

from collections.abc import Iterable

from django import template

from clarifications import wording
from clarifications.models import Question

register = template.Library()


@register.filter
def title_in_words(question: Question) -> str:
    """Return the title of the question in the reader's language; this reads nothing from the database."""
    return wording.title_in_words(question.schema, question.title)


@register.filter
def reason_in_words(question: Question) -> str:
    """Return why the question is asked, in the reader's language."""
    return wording.reason_in_words(question.schema, question.reason)


@register.filter
def why_it_waits(reason: str, questions: Iterable[Question]) -> str:
    """Return an item's reason in the reader's language; `questions` are those of its project."""
    return wording.why_it_waits(reason, questions)


@register.filter
def answer_in_words(question: Question) -> str:
    """Return the answer of an answered question in one line."""
    return wording.answer_in_words(question, question.answer.value)
