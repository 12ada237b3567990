"""The operations of a PATCH (RFC 7644, section 3.5.2), as directories send them.

Entra ID writes `Add`, `Replace` and `Remove` with a capital, a truth value as the text "False", and leaves the path out
with dotted names in the value; Okta leaves the path out as well. All come out as the same steps.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from scim.errors import ScimError
from scim.filters import bare_path

MOST_OPERATIONS = 1000
VERBS = ("add", "replace", "remove")


class Step(NamedTuple):
    """One change: the verb, the attribute's path in lower case without its schema, and the value."""

    verb: str
    path: str
    value: Any


def steps(body: dict[str, Any]) -> Iterator[Step]:
    """Yield the steps of the body in their order. Raises ScimError."""
    operations = lowered(body).get("operations")
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise ScimError(_("“Operations” has to be a list of objects."), kind="invalidSyntax")
    if len(operations) > MOST_OPERATIONS:
        raise ScimError(_("A PATCH may have %(n)s operations at most.") % {"n": MOST_OPERATIONS}, kind="tooMany")
    for operation in map(lowered, operations):
        verb, path, value = str(operation.get("op", "")).lower(), operation.get("path"), operation.get("value")
        if verb not in VERBS:
            raise ScimError(_("“op” has to be add, replace or remove."), kind="invalidSyntax")
        if path:
            yield Step(verb, bare_path(str(path)), value)
        elif verb == "remove" or not isinstance(value, dict):
            raise ScimError(
                _("Without a path the value has to be an object, and nothing can be removed."), kind="noTarget"
            )
        else:
            yield from (Step(verb, bare_path(name), part) for name, part in value.items())


def lowered(given: dict[str, Any]) -> dict[str, Any]:
    """Return the object with its names in lower case: SCIM does not tell them apart."""
    return {str(name).lower(): value for name, value in given.items()}


def as_text(value: Any, name: str, *, longest: int = 255) -> str:
    """Return a value that has to be a text; "" for null. Raises ScimError."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        words = _("“%(name)s” has to be a text of at most %(n)s characters.")
        raise ScimError(words % {"name": name, "n": longest}, kind="invalidValue")
    return value.strip()


def as_truth(value: Any, name: str) -> bool:
    """Return a truth value; Entra ID writes some as a text. Raises ScimError."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ScimError(_("“%(name)s” has to be true or false.") % {"name": name}, kind="invalidValue")
    return value
