"""The doors through which a person can give a field of a request, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _


def door_in_words(door: str) -> str:
    """Return the door in words; a door that is not known is returned unchanged."""
    words = {
        "request": _("with the request"),
        "web": _("on the question's page"),
        "admin": _("on the staff's pages"),
        "link": _("by the link in a mail"),
        "rest": _("over REST"),
        "agent": _("through an agent's own client"),
        "command": _("by a command"),
        "event": _("by an event"),
        "policy": _("by the rule for silence"),
        "rows": _("read from the file"),
        "settings": _("for requests that name none"),
    }
    return words.get(door, door)


def giver_in_words(given: Mapping[str, Any]) -> str:
    """Return who or what gave a field: a person's name is unchanged, the rows of the file are in words."""
    by = str(given.get("by", ""))
    return _("dates of the rows") if given.get("door") == "rows" and by == "dates of the rows" else by
