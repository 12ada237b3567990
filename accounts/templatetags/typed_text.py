"""What the templates of forms use: `{% typed_by %}` beside `{% csrf_token %}`."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.typed_text import MARK, mark_of

register = template.Library()


@register.simple_tag(takes_context=True)
def typed_by(context: dict[str, Any]) -> SafeString:
    """The hidden field by which what was typed is given back to this account alone, should the session have ended."""
    user = context.get("user")
    if user is None or not user.is_authenticated:
        return SafeString("")
    return format_html('<input type="hidden" name="{}" value="{}">', MARK, mark_of(user))
