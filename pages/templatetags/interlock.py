"""Template tags of all pages: `state` (tag), `spoken`, `ago` and `faults` (filters)."""

from datetime import datetime

from django import forms, template
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.safestring import SafeString

from pages import presentation

register = template.Library()


@register.simple_tag
def state(value: str, label: object) -> SafeString:
    """Return a state as a coloured word."""
    return presentation.state_word(value, label)


@register.filter
def spoken(text: str) -> str:
    """Return the reader's translation of a text from a contract or a template that comes with Interlock."""
    return presentation.translated(str(text or ""))


@register.filter
def ago(moment: datetime | None) -> SafeString:
    """Return how long ago the moment was, with the exact time on hover."""
    return presentation.ago(moment)


@register.filter
def faults(form: forms.BaseForm) -> list[dict[str, str]]:
    """Return the form's errors as {words, label, id}: `id` is the input to jump to, or empty for the whole form."""
    result = []
    for name, errors in form.errors.as_data().items():
        field = form[name] if name != NON_FIELD_ERRORS else None
        for error in errors:
            input_id = f"{field.auto_id}{getattr(error, 'cell', '')}" if field else ""
            label = str(field.label) if field else ""
            result += [{"id": input_id, "label": label, "words": words} for words in error.messages]
    return result
