"""What templates use: `{% state value label %}` and `{{ moment|ago }}`, `{{ form|faults }}`."""

from datetime import datetime

from django import forms, template
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.safestring import SafeString

from pages import presentation

register = template.Library()


@register.simple_tag
def state(value: str, label: object) -> SafeString:
    """A state as a coloured word."""
    return presentation.state_word(value, label)


@register.filter
def spoken(text: str) -> str:
    """A text of a contract or a shipped template in the reader's language."""
    return presentation.spoken(str(text or ""))


@register.filter
def ago(moment: datetime | None) -> SafeString:
    """How long ago, with the exact time on hover."""
    return presentation.ago(moment)


@register.filter
def faults(form: forms.BaseForm) -> list[dict[str, str]]:
    """What is wrong in a form: each fault's words, with the label and the id of the input to go to, if it has one."""
    found = []
    for name, errors in form.errors.as_data().items():
        field = form[name] if name != NON_FIELD_ERRORS else None
        for error in errors:
            at = f"{field.auto_id}{getattr(error, 'cell', '')}" if field else ""
            found += [
                {"id": at, "label": str(field.label) if field else "", "words": words} for words in error.messages
            ]
    return found
