"""Filters of lists: `attribute eq "value"`, or several of these joined by `and`, as directories send them."""

import json
import re

from django.utils.translation import gettext as _

from scim import urns
from scim.errors import ScimError

LONGEST = 2000
# An attribute may name its schema before itself, and choose a value of several: emails[type eq "work"].value
TERM = re.compile(
    r'\s*(?P<path>[\w.:$-]+(?:\[[^\]]{0,200}\])?(?:\.\w+)?)\s+eq\s+(?P<value>"(?:[^"\\]|\\.)*+"|true|false)\s*', re.I
)
JOIN = re.compile(r"and\s+", re.IGNORECASE)


def parsed_filter(text: str) -> list[tuple[str, str]]:
    """Return the (attribute path in lower case, value) pairs that all have to fit. Raises ScimError (invalidFilter)."""
    pairs: list[tuple[str, str]] = []
    place = 0
    while len(text) <= LONGEST and (found := TERM.match(text, place)):
        pairs.append((bare_path(found["path"]), text_value(found["value"])))
        if found.end() == len(text):
            return pairs
        joined = JOIN.match(text, found.end())
        if joined is None:
            break
        place = joined.end()
    words = _('This filter is not supported. Supported is attribute eq "value", also several joined by and.')
    raise ScimError(words, kind="invalidFilter")


def bare_path(path: str) -> str:
    """Return the path in lower case, without the name of the core schema; that of an extension stays."""
    lower = path.strip().lower()
    for schema in (urns.USER, urns.GROUP):
        lower = lower.removeprefix(f"{schema.lower()}:")
    return lower


def text_value(written: str) -> str:
    """Return the value that was compared with, as a text. Raises ScimError."""
    try:
        value = json.loads(written if written.startswith('"') else written.lower())
    except ValueError as error:
        raise ScimError(_("The value of the filter cannot be read."), kind="invalidFilter") from error
    return value if isinstance(value, str) else str(value).lower()


def unsupported(path: str) -> ScimError:
    """Return the error for a filter by an attribute by which nothing can be found."""
    return ScimError(_("Nothing can be found by “%(path)s”.") % {"path": path[:100]}, kind="invalidFilter")
