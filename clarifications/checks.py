"""System checks (`manage.py check`) for the mails about questions."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register("settings")
def links_lead_somewhere(**_: Any) -> list[CheckMessage]:
    """clarifications.E001: a link in a mail needs PUBLIC_URL, the public address of the pages."""
    if settings.SENDS_MAIL and not settings.PUBLIC_URL.startswith(("http://", "https://")):
        words = "A mail server is set, but PUBLIC_URL is no http(s) address: the links in mails would lead nowhere."
        hint = "Set PUBLIC_URL to the beginning of every page's address, such as https://interlock.example.org."
        return [Error(words, hint=hint, id="clarifications.E001")]
    return []
