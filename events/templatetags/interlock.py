"""What templates use: `{% state value label %}` and `{{ moment|ago }}`."""

from datetime import datetime

from django import template
from django.utils.safestring import SafeString

from events import presentation

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
