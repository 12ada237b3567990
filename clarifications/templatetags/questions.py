"""Template filters about questions: `title_in_words`, `reason_in_words`."""

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
