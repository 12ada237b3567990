"""What may be asked of an admin list in its address: a short list of fields and comparisons, and nothing else.

Django lets any field be compared in any way: a regular expression can freeze the database, and a comparison letter by
letter reads what no page shows.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

COMPARISONS = frozenset({"exact", "in", "isnull", "gte", "gt", "lt", "lte"})
KEYS = frozenset({"id", "pk"})


class FewLookups(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin list that is narrowed by its filters and by the fields that pages of ours link with."""

    linked_fields: tuple[str, ...] = ()

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Return True for a field of the filters or of our links, compared in one of the few ways."""
        field, *rest = lookup.split("__")
        filters = {one if isinstance(one, str) else getattr(one, "parameter_name", "") for one in self.list_filter}
        return field in filters | set(self.linked_fields) and len(rest) <= 2 and set(rest) <= COMPARISONS | KEYS
