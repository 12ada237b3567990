"""System checks of the second wall between organisations, for `manage.py check`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

from accounts.row_security import missing


@register(Tags.database)
def rows_are_walled(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """accounts.W001: PostgreSQL holds the requests of each organisation to its rows."""
    lacking = [part for alias in databases or () for part in missing(alias)]
    if not lacking:
        return []
    words = f"The database does not hold requests to the rows of their organisation: {', '.join(lacking)} is missing."
    hint = (
        f"Run `{settings.COMMAND} migrate`. A role that it may not make is made by an administrator of the database;"
        " docs/organisations.md says how."
    )
    return [Warning(words, hint=hint, id="accounts.W001")]
