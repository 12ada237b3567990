"""What `manage.py check` says about the mails to people."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def links_lead_somewhere(**_: Any) -> list[CheckMessage]:
    """clarifications.E001: a mail's link needs the address of these pages."""
    if settings.SENDS_MAIL and not settings.PUBLIC_URL.startswith(("http://", "https://")):
        hint = "Set PUBLIC_URL to the beginning of every page's address, such as https://interlock.example.org."
        return [Error("Mails are sent, but PUBLIC_URL is not an http(s) address.", hint=hint, id="clarifications.E001")]
    return []
