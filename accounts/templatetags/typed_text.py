"""The template tag `{% typed_by %}`, which every form needs beside `{% csrf_token %}`."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.typed_text import MARK_FIELD, mark_of

register = template.Library()


@register.simple_tag(takes_context=True)
def typed_by(context: dict[str, Any]) -> SafeString:
    """Return the hidden field with the mark of the account: after a new sign-in only it gets the typed text back."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return SafeString("")
    return format_html('<input type="hidden" name="{}" value="{}">', MARK_FIELD, mark_of(user))
